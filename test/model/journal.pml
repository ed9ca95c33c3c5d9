/*
 * The journal on NOR flash (assembly/journal.ts, record.ts) with lease, quiet time and key replacement
 * (lifecycle.ts, sequence.ts, ledger.ts), under the faults of docs/fault-model.md. docs/model.md says how
 * model and code correspond. One process: power can fail inside each flash operation and between calls.
 *
 * Sizes and faults, by -D: SECTORS, SLOTS (records a sector), CALLS (renewals, retries and replacements a
 * boot), and how many of each fault strike in a run: CUTS, ERRORS, DEAD, UNREADABLE, REPLACES. ANY is
 * without a bound. FLICKER: what a cut or an error leaves reads differently at each read; without it, the
 * effect is drawn once. RULE_… puts an old rule back, NEW_… takes a rule away (below).
 */
#define ANY 255
#ifndef SECTORS
#define SECTORS 2
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef CALLS
#define CALLS 2
#endif
#ifdef ROW
#define CUTS ROW
#endif
#ifndef CUTS
#define CUTS 0
#endif
#ifndef ERRORS
#define ERRORS 0
#endif
#ifndef DEAD
#define DEAD 0
#endif
#ifndef UNREADABLE
#define UNREADABLE 0
#endif
#ifndef REPLACES
#define REPLACES 0
#endif

/* A record's cell. */
#define BLANK 0
#define GOOD 1
#define BAD 2
/* Reads as blank, as bad or as its content, differently at each read. */
#define WEAK 3
/* Programmed where weak bits were: reads as its content or as bad. */
#define HALF 4

/* A sector's header, two copies, one of which is enough: none, a settled good one, or only weak ones. */
#define H_NONE 0
#define H_GOOD 1
#define H_WEAK 2

/* What an operation returns; after CUT power is off. */
#define OK 0
#define ERROR 1
#define CUT 2

#define NONE 15
#ifndef WINDOW
#define WINDOW 8
#endif
/* A loss begins an epoch that is further on than any that was begun before it. */
#define LOSS 16
/* A dead sector: what it does not take. */
#define PROGRAMS 1
#define ERASES 2

/* States of the device; FAILED: this boot's record is not durable. */
#define FAILED 1
#define QUIET 2
#define READY 3

/* Who writes. */
#define BOOT 1
#define RENEW 2
#define AHEAD 3
#define END_QUIET 4
#define REPLACE 5

/* What openNext is asked for: the first sector of a pair for a new key, at the start of a write, or after a
   second sector that failed; or a second sector. */
#define FOR_KEY 1
#define FOR_WRITE 2
#define FOR_ANOTHER 3
#define FOR_SECOND 4

#define RECORD_SLOT 1
#define AT(s, i) ((s) * SLOTS + (i) - 1)
#define BIT(s) (1 << (s))
#define ONES(b) (((b) & 1) + (((b) >> 1) & 1) + (((b) >> 2) & 1))
#define LOWEST(b) (((b) & 1) -> 0 : (((b) & 2) -> 1 : 2))
#define WITHOUT(b) (SECTORS - ONES(b))
#define INSERVICE WITHOUT(outOfUse)
#define LONE (INSERVICE < 2)
#define ALONE (WITHOUT(retired) < 2)
#define FULL (first == NONE || nextSlot > SLOTS)
#define UNFINISHED (erasesLeft == 0 && !ALONE)
#define ERASEDUE (FULL || (second == NONE && !ALONE))

/* The old rules: a sector has one closing mark, and one with records counts only when older ones are closed. */
#if defined(RULE_A) || defined(RULE_A2) || defined(RULE_O) || defined(RULE_B) || defined(RULE_M)
#define MARKS
#define NO_HOLDER
#endif

/* ---- Memory: survives power. ---- */
#ifdef MARKS
byte mk[SECTORS];          /* closing mark */
#endif
byte rs[SECTORS * SLOTS];  /* state of each record cell */
byte rc[SECTORS * SLOTS];  /* ceiling; 0: no content */
byte re[SECTORS * SLOTS];  /* epoch */
bit rq[SECTORS * SLOTS];   /* quiet flag */
byte rm[SECTORS * SLOTS];  /* sectors out of use */
byte hs[SECTORS];          /* state of each header */
byte hg[SECTORS];          /* generation; 0: no content */
byte hk[SECTORS];          /* key */
byte dead = NONE;          /* the sector that is dead, and what it does not take */
byte deadTo;

/* ---- Faults that may still strike. ---- */
byte cuts = CUTS;
byte errors = ERRORS;
byte deaths = DEAD;
byte unreadables = UNREADABLE;
byte replaces = REPLACES;

/* ---- What an observer outside knows. ---- */
byte used = 1;       /* numbers up to here may be in use ... */
byte liveKey = 1;    /* ... under this key */
bit owed;            /* quiet time is to be served before the next number */
byte ackCeiling = 1; /* the newest acknowledged record */
byte ackEpoch;
byte keysOpen = 2;   /* keys that recovery may find: the acknowledged one, and attempts since; a bit each */
byte newestKey = 1;

/* ---- RAM: lost with power. ---- */
byte first, second, turn, genMax, nextSlot, holders, retired, erasesLeft;
bit doubt; /* of the old rules: a mark may have been begun without a trace */
bit quiet, served;
byte lost, ceiling, epoch, outOfUse, key, v, calls, state, missing;
byte unread = NONE;
/* A write in progress. */
byte caller, draft, oldKey, purpose;
bit draftQuiet, again, opened;
/* Scratch: 0 wherever a state is stored. */
byte s, i, slot, newest, newestEpoch, gen, ruined, vouched, last, rv, res, at, left;
bit behind, bad, other, quietOwed, later, yes;
/* Scratch inside of one d_step. */
byte p, q, lowC, lowE, lowG, topG;

/* ---- What a trace shows (docs/model.md). ---- */
#ifdef TRACE
#define say0(f) printf(f)
#define say1(f, a) printf(f, a)
#define say2(f, a, b) printf(f, a, b)
#define say3(f, a, b, c) printf(f, a, b, c)
#else
#define say0(f) skip
#define say1(f, a) skip
#define say2(f, a, b) skip
#define say3(f, a, b, c) skip
#endif

/* Under the old rules a mark is read on the way. */
#ifdef MARKS
#define CHOOSE atomic
#else
#define CHOOSE skip; d_step
#endif

/* ---- Reads. rv: 0 blank, 1 bad, 2 good; of a header, 1 when a copy is good. ---- */
inline readRecord(S, I) {
  at = AT(S, I);
  if
  :: S == unread -> rv = 1
  :: S != unread && (rs[at] == BLANK || rs[at] == WEAK) -> rv = 0
  :: S != unread && (rs[at] == BAD || rs[at] == WEAK || rs[at] == HALF) -> rv = 1
  :: S != unread && (rs[at] == GOOD || ((rs[at] == WEAK || rs[at] == HALF) && rc[at] != 0)) -> rv = 2
  fi;
  at = 0;
  say3("@ record %d %d reads %d\n", S, I, rv)
}
inline readHeader(S) {
  if
  :: S == unread -> rv = 0; retired = retired | BIT(S)
  :: S != unread && (hs[S] == H_NONE || hs[S] == H_WEAK) -> rv = 0
  :: S != unread && (hs[S] == H_GOOD || hs[S] == H_WEAK) -> rv = 1
  fi;
  say3("@ header %d reads %d of %d\n", S, rv, S == unread)
}
/* The last slot with a good record in `slot`, or 0. */
inline newestRecord(S) {
  slot = 0; i = SLOTS;
  do
  :: i > 0 ->
     readRecord(S, i);
     if
     :: rv == 2 -> slot = i; i = 0
     :: else -> i--
     fi
  :: else -> break
  od;
  rv = 0
}

/* ---- Programs and erases. Result in res. ---- */
inline spend(B) { if :: B != ANY -> B-- :: else fi }
inline die(S, OP) {
  deaths--; dead = S; res = ERROR;
  if :: deadTo = OP :: deadTo = PROGRAMS + ERASES fi
}
inline put(C) {
  d_step { rc[at] = draft; re[at] = epoch; rq[at] = draftQuiet; rm[at] = retired; rs[at] = C }
}
/* Nothing, something or everything of a program. A weak cell reads as any of them. */
inline tear() {
  if
#ifdef FLICKER
  :: put(WEAK)
#else
  :: skip
  :: d_step { rs[at] = BAD; rc[at] = 0; re[at] = 0; rq[at] = 0; rm[at] = 0 }
  :: put(GOOD)
#endif
  fi
}
/* The same content again programs all of its weak bits to 0, and so settles them (FM-F1). */
#define SAME (rc[at] == draft && re[at] == epoch && rq[at] == draftQuiet && rm[at] == retired)
inline programRecord(S, I) {
  at = AT(S, I);
  /* Never programmed again, but where a boot cannot see that it was (FM-N2). */
  assert(S != unread && (rs[at] == BLANK || rs[at] == WEAK));
  if
  :: S == dead && (deadTo & PROGRAMS) -> res = ERROR
  :: S != dead && deaths > 0 -> die(S, PROGRAMS)
  :: !(S == dead && (deadTo & PROGRAMS)) && cuts > 0 -> res = CUT; spend(cuts); tear()
  :: !(S == dead && (deadTo & PROGRAMS)) && errors > 0 -> res = ERROR; spend(errors); tear()
  :: !(S == dead && (deadTo & PROGRAMS)) && rs[at] == BLANK -> put(GOOD); res = OK
  :: !(S == dead && (deadTo & PROGRAMS)) && rs[at] == WEAK && SAME -> put(GOOD); res = OK
  :: !(S == dead && (deadTo & PROGRAMS)) && rs[at] == WEAK && !SAME -> put(HALF); res = OK
  :: !(S == dead && (deadTo & PROGRAMS)) && rs[at] == WEAK && !SAME -> put(HALF); res = ERROR
  fi;
  at = 0;
  say3("@ program %d %d ends %d\n", S, I, res)
}
/* Both copies, one after the other; at most one of the two programs ends in a cut or an error. */
inline programHeader(S, G) {
  assert(hs[S] == H_NONE);
  d_step { hg[S] = G; hk[S] = key };
  res = OK;
  if
  :: S == dead && (deadTo & PROGRAMS) -> res = ERROR; hg[S] = 0
  :: S != dead && deaths > 0 -> die(S, PROGRAMS); hg[S] = 0
  :: !(S == dead && (deadTo & PROGRAMS)) && cuts > 0 -> res = CUT; spend(cuts)
  :: !(S == dead && (deadTo & PROGRAMS)) && errors > 0 -> res = ERROR; spend(errors)
  :: !(S == dead && (deadTo & PROGRAMS)) -> hs[S] = H_GOOD
  fi;
  if
  :: res == OK -> say2("@ key %d 0 ends 0\n@ key %d 1 ends 0\n", S, S)
  :: res != OK && hg[S] == 0 -> say2("@ key %d 0 ends %d\n", S, res)
#ifdef FLICKER
  :: res != OK && hg[S] != 0 -> hs[S] = H_WEAK; say2("@ key %d 0 ends %d\n", S, res)
#else
  :: res != OK && hg[S] != 0 -> hg[S] = 0; say2("@ key %d 0 ends %d\n", S, res)
#endif
  /* The first copy is whole, or the second one was cut. */
  :: res != OK && hg[S] != 0 -> hs[S] = H_GOOD; say3("@ key %d 0 ends 0\n@ key %d 1 ends %d\n", S, S, res)
  fi;
  if :: hg[S] == 0 -> hk[S] = 0 :: else fi
}
/* Each bit of the sector old, erased or zero, in any pattern. */
inline tearSector(S) {
#ifdef FLICKER
  d_step {
    if
    :: hs[S] == H_GOOD -> hs[S] = H_WEAK
    :: else
    fi;
    p = 1;
    do :: p <= SLOTS -> rs[AT(S, p)] = WEAK; p++ :: else -> break od;
    p = 0
  }
#else
#ifdef RULE_M
  if :: mk[S] = BLANK :: skip fi;
#endif
  if
  :: skip
  :: hs[S] != H_NONE -> hs[S] = H_NONE
  fi;
  if
  :: hs[S] == H_NONE -> clearSector(S) /* nobody looks at its records */
  :: else ->
     i = 1;
     do
     :: i <= SLOTS ->
        at = AT(S, i);
        if
        :: d_step { rs[at] = BLANK; rc[at] = 0; re[at] = 0; rq[at] = 0; rm[at] = 0 }
        :: d_step { rs[at] = BAD; rc[at] = 0; re[at] = 0; rq[at] = 0; rm[at] = 0 }
        :: rs[at] == GOOD -> skip
        fi;
        i++
     :: else -> break
     od;
     at = 0; i = 0
  fi
#endif
}
inline clearSector(S) {
  d_step {
#ifdef MARKS
    mk[S] = BLANK;
#endif
    hs[S] = H_NONE; hg[S] = 0; hk[S] = 0;
    p = 1;
    do
    :: p <= SLOTS ->
       q = AT(S, p);
       rs[q] = BLANK; rc[q] = 0; re[q] = 0; rq[q] = 0; rm[q] = 0; p++
    :: else -> break
    od;
    p = 0; q = 0
  }
}
/* rv: sectors that hold the newest acknowledged record, or a newer one, in settled bits; one bit each. */
inline settledHolders() {
  rv = 0; p = 0;
  do
  :: p < SECTORS ->
     q = 1;
     do
     :: q <= SLOTS ->
        if
        :: hs[p] == H_GOOD && rs[AT(p, q)] == GOOD &&
           re[AT(p, q)] >= ackEpoch && rc[AT(p, q)] >= ackCeiling -> rv = rv | BIT(p)
        :: else
        fi;
        q++
     :: else -> break
     od;
     p++
  :: else -> break
  od;
  p = 0; q = 0
}
inline eraseSector(S) {
#ifndef NO_HOLDER
  d_step {
    settledHolders();
    /* Of what a boot could read, the only holder is never erased. */
    assert(rv != BIT(S) || lost != 0 || served || missing != 0);
    rv = 0
  }
#endif
  if
  :: S == dead && (deadTo & ERASES) -> res = ERROR
  :: S != dead && deaths > 0 -> die(S, ERASES)
  :: !(S == dead && (deadTo & ERASES)) && cuts > 0 -> res = CUT; spend(cuts); tearSector(S)
  :: !(S == dead && (deadTo & ERASES)) && errors > 0 -> res = ERROR; spend(errors); tearSector(S)
  :: !(S == dead && (deadTo & ERASES)) -> clearSector(S); res = (S == unread -> ERROR : OK) /* touched */
  fi;
  say2("@ erase %d ends %d\n", S, res)
}
/* Erases a sector and programs its header, twice. */
inline openSector(S, G) {
  d_step {
    if :: erasesLeft != ANY -> erasesLeft-- :: else fi;
    holders = holders & ~BIT(S)
  }
  eraseSector(S);
  if :: res == OK -> programHeader(S, G) :: else fi
}
/* Takes a sector out of use; the other one of its pair goes on. */
inline retire(S) {
  d_step {
    retired = retired | BIT(S);
    if
    :: S == first -> first = second; second = NONE
    :: S != first && S == second -> second = NONE
    :: else
    fi
  }
}
/* Whether sector S may be erased, in `yes`. */
inline erasable(S) {
  yes = 0;
  if
  :: retired & BIT(S) -> skip
#ifdef NEW_ERASE_ANY
  :: else -> yes = 1
#else
  :: (retired & BIT(S)) == 0 && (holders & BIT(S)) == 0 -> yes = 1
  :: (retired & BIT(S)) == 0 && (holders & BIT(S)) != 0 && LOWEST(holders) != S ->
     newestRecord(LOWEST(holders));
     yes = (slot != 0 -> rc[AT(LOWEST(holders), (slot != 0 -> slot : 1))] >= ceiling : 0);
     slot = 0
  :: else
#endif
  fi
}

#ifdef MARKS
/* Of two sectors with records, the older one counts unless it is closed: res 1 when sector s counts, else 0. */
inline byMarks() {
  at = (hg[s] < gen -> s : first);
  if
  :: mk[at] == BLANK || mk[at] == WEAK -> res = (at == s); doubt = 1
  :: mk[at] == GOOD || mk[at] == WEAK -> res = (at != s)
  fi;
  at = 0
}
inline programMark(S) {
  if
  :: S == dead && (deadTo & PROGRAMS) -> res = ERROR
  :: S != dead && deaths > 0 -> die(S, PROGRAMS)
  :: !(S == dead && (deadTo & PROGRAMS)) && cuts > 0 -> res = CUT; spend(cuts);
#ifdef FLICKER
     mk[S] = WEAK
#else
     if :: mk[S] = GOOD :: skip fi
#endif
  :: !(S == dead && (deadTo & PROGRAMS)) && errors > 0 -> res = ERROR; spend(errors); if :: mk[S] = GOOD :: skip fi
  :: !(S == dead && (deadTo & PROGRAMS)) -> mk[S] = GOOD; res = OK
  fi
}
#endif

/* Power is off: RAM is gone. What is only compared is counted from the lowest value in sight, so that any
   number of boots is a finite number of states. */
inline powerOff() {
  d_step {
    first = 0; second = 0; turn = 0; genMax = 0; nextSlot = 0; holders = 0; retired = 0; erasesLeft = 0;
    quiet = 0; served = 0;
    lost = 0; ceiling = 0; epoch = 0; outOfUse = 0; key = 0; v = 0; calls = 0; state = 0; unread = NONE; missing = 0;
    caller = 0; draft = 0; oldKey = 0; purpose = 0; draftQuiet = 0; again = 0; opened = 0; doubt = 0;
    s = 0; i = 0; slot = 0; newest = 0; newestEpoch = 0; gen = 0; ruined = 0; vouched = 0; last = 0; rv = 0; res = 0;
    at = 0; left = 0; behind = 0; bad = 0; other = 0; quietOwed = 0; later = 0; yes = 0;

    lowC = ackCeiling; lowE = ackEpoch; lowG = 255; topG = 0;
    p = 0;
    do
    :: p < SECTORS ->
       if :: hg[p] != 0 && hg[p] < lowG -> lowG = hg[p] :: else fi;
       if :: hg[p] > topG -> topG = hg[p] :: else fi;
       q = AT(p, 1);
       do
       :: q <= AT(p, SLOTS) ->
          if :: rc[q] != 0 && rc[q] < lowC -> lowC = rc[q] :: else fi;
          if :: rc[q] != 0 && re[q] < lowE -> lowE = re[q] :: else fi;
          q++
       :: else -> break
       od;
       p++
    :: else -> break
    od;
    /* What lies further back than the window is as old as can be: in a dead sector it stays for ever. */
    if :: ackCeiling > lowC + WINDOW -> lowC = ackCeiling - WINDOW :: else fi;
    if :: ackEpoch > lowE + WINDOW -> lowE = ackEpoch - WINDOW :: else fi;
    if :: topG > lowG + WINDOW -> lowG = topG - WINDOW :: else fi;
    lowC--; lowG--;
    used = (used > lowC -> used - lowC : 1); ackCeiling = ackCeiling - lowC; ackEpoch = ackEpoch - lowE;
    p = 0;
    do
    :: p < SECTORS ->
       if :: hg[p] != 0 -> hg[p] = (hg[p] > lowG -> hg[p] - lowG : 1) :: else fi;
       q = AT(p, 1);
       do
       :: q <= AT(p, SLOTS) ->
          if
          :: rc[q] != 0 ->
             rc[q] = (rc[q] > lowC -> rc[q] - lowC : 1); re[q] = (re[q] > lowE -> re[q] - lowE : 0)
          :: else
          fi;
          q++
       :: else -> break
       od;
       p++
    :: else -> break
    od;
    topG = 0;
    p = 0; q = 0; lowC = 0; lowE = 0; lowG = 0
  };
  say0("@ off\n")
}

/* This boot's numbers go out from v up to the ceiling, all at once: the worst case. */
inline handOut() {
  d_step {
    assert(served || !owed);           /* quiet time owed is served */
    assert(served || key == liveKey);  /* a key only changes through quiet time */
    assert(served || v >= used);       /* forward */
    settledHolders();
#ifndef NO_DURABLE
    assert(rv != 0 && ackCeiling > v); /* a durable ceiling vouches for them */
#endif
    rv = 0;
    used = ceiling; liveKey = key; owed = 0
  }
  say0("@ numbers\n")
}

active proctype device() {
  /* A device that was given its key and has run: its record is in both sectors of a pair. */
  d_step {
    hs[0] = H_GOOD; hg[0] = 1; hk[0] = 1;
    hs[1] = H_GOOD; hg[1] = 1; hk[1] = 1;
    rs[AT(0, 1)] = GOOD; rc[AT(0, 1)] = 1;
    rs[AT(1, 1)] = GOOD; rc[AT(1, 1)] = 1
  };

OFF:
  atomic {
    if
    :: unreadables > 0 ->
       spend(unreadables);
       if :: unread = 0 :: unread = 1 :: SECTORS > 2 -> unread = 2 fi
    :: true
    fi;
    say0("@ boot\n");

    /* recoverJournal */
    first = NONE; second = NONE; turn = SECTORS - 1; s = 0;
    do
    :: s < SECTORS ->
       readHeader(s);
       if
       :: rv == 0 -> skip
       :: else ->
          if :: hg[s] > genMax -> genMax = hg[s]; ruined = 0 :: else fi;
          newestRecord(s);
          if
          :: slot == 0 && hg[s] == genMax -> readRecord(s, RECORD_SLOT); if :: rv != 0 -> ruined++ :: else fi
          :: else
          fi;
          CHOOSE {
            if
            :: slot == 0 -> skip
            :: else ->
               at = AT(s, slot);
               if :: rc[at] > vouched -> vouched = rc[at] :: else fi;
#ifdef MARKS
               if
               :: newest != 0 && hg[s] != gen -> byMarks(); if :: res -> newest = 0; newestEpoch = 0 :: else fi
               :: else -> res = 1
               fi;
               at = AT(s, slot);
               if
               :: !res -> skip
               :: else ->
#endif
               if
               :: newest != 0 && (re[at] < newestEpoch || (re[at] == newestEpoch &&
                  (hg[s] < gen || (hg[s] == gen && slot <= newest)))) ->
                  if
                  :: re[at] == newestEpoch && hg[s] == gen && slot == newest -> holders = holders | BIT(s)
                  :: else
                  fi;
                  if :: hg[s] == gen -> second = s; turn = s :: else fi
               :: else ->
                  second = (newest != 0 && hg[s] == gen -> first : NONE);
                  newest = slot; newestEpoch = re[at]; gen = hg[s]; first = s; turn = s; holders = BIT(s);
                  key = hk[s]; ceiling = rc[at]; quietOwed = rq[at]; epoch = re[at]; outOfUse = rm[at]
               fi
#ifdef MARKS
               fi
#endif
            fi;
            slot = 0; at = 0; rv = 0; res = 0
          }
       fi;
       s++
    :: else -> break
    od;
    s = 0;
    if
    :: newest == 0 ->
#if UNREADABLE == 0
       assert(false); /* what is readable holds a record */
#endif
       say0("@ nothing\n");
       powerOff(); goto OFF /* FAILED, no numbers */
    :: else
    fi;
#ifndef MARKS
    if :: vouched > ceiling -> ceiling = vouched :: else fi;
#endif
    if :: ruined == 2 -> lost++ :: else fi;
    later = (genMax > gen);

    /* weigh */
    last = newest; i = SLOTS;
    do
    :: i > newest ->
       readRecord(first, i); bad = (rv != 0); other = 0;
       if :: second != NONE -> readRecord(second, i); other = (rv != 0) :: else fi;
       if
       :: bad && (LONE -> behind : (second != NONE -> other : unread != NONE)) -> lost++
       :: else
       fi;
       if :: (bad || other) && last == newest -> last = i :: else fi;
       behind = bad; i--
    :: else -> break
    od;
    skip;
    d_step {
      missing = retired & ~outOfUse;
      if
      :: missing != 0 && (last > newest || INSERVICE == 2 || (missing & (missing - 1)) != 0) -> lost++
      :: else
      fi;
      nextSlot = (last + 2 > SLOTS -> SLOTS + 1 : last + 2);
      if
      :: lost != 0 -> epoch = epoch + LOSS; lost = 1
#ifndef NEW_SAME_EPOCH
      :: lost == 0 && (later || retired != 0) -> epoch = epoch + 2
#endif
      :: else
      fi;
      missing = retired;
      v = ceiling; quiet = (quietOwed || lost != 0); state = FAILED;
#ifdef NO_LOSS
      assert(lost == 0);                     /* nothing that was acknowledged is taken for lost */
#endif
      assert(lost || v >= ackCeiling);       /* nor forgotten */
      assert(lost || (keysOpen & BIT(key))); /* a key only changes as it was replaced */
      vouched = 0; ruined = 0; newest = 0; newestEpoch = 0; gen = 0; slot = 0; last = 0; rv = 0; i = 0;
      behind = 0; bad = 0; other = 0; quietOwed = 0; later = 0
    }
    say3("@ found key %d next %d lost %d\n", key, nextSlot, lost)
  }

RECORD_BOOT:
  atomic {
    caller = BOOT; draft = v + 1; draftQuiet = quiet; erasesLeft = (lost != 0 -> 0 : ANY);
    goto WRITE
  }

CALL:
  /* Silence, a call, or power off between operations. */
  atomic {
    if
    :: powerOff(); goto OFF
    :: calls < CALLS ->
       calls++;
       if
       :: state == FAILED -> goto RECORD_BOOT
       :: state == QUIET ->
          /* Its length has passed in silence: nothing of before is in use. */
          served = 1; owed = 0; liveKey = key; used = v;
          if :: lost != 0 -> ackCeiling = v; ackEpoch = 0 :: else fi;
          caller = END_QUIET; draft = (ceiling > v -> ceiling : v) + 1; draftQuiet = 0; erasesLeft = ANY
       :: state == READY ->
          caller = RENEW; v = ceiling; draft = v + 1; draftQuiet = 0;
          if :: erasesLeft = 0 :: erasesLeft = 1 :: erasesLeft = 2 :: erasesLeft = ANY fi
       :: state == READY && !LONE && ERASEDUE ->
          caller = AHEAD; draft = ceiling; draftQuiet = 0;
          if :: erasesLeft = 0 :: erasesLeft = 1 :: erasesLeft = 2 :: erasesLeft = ANY fi
       :: replaces > 0 ->
          spend(replaces);
          d_step {
            caller = REPLACE; oldKey = key; newestKey++; key = newestKey;
            keysOpen = keysOpen | BIT(key); epoch++;
            draft = ceiling + 1; draftQuiet = 1; erasesLeft = ANY
          }
       fi
    fi;

WRITE:
    say3("@ write %d erases %d key %d\n", caller, erasesLeft, key);
    if :: caller == REPLACE -> purpose = FOR_KEY; goto OPEN_NEXT :: else fi;
AGAIN:
    again = ALONE;
    if :: again -> retired = 0 :: else fi;
TOP:
    if :: FULL -> purpose = FOR_WRITE; goto OPEN_NEXT :: else fi;
RECORD:
    if :: second == NONE && UNFINISHED -> goto FAIL :: else fi;
    slot = nextSlot; nextSlot++;
    programRecord(first, slot);
    if
    :: res == CUT -> powerOff(); goto OFF
    :: res == ERROR -> goto FIRST_FAILED
    :: else
    fi;
    holders = BIT(first);
#ifdef NEW_SECOND_UNWRITTEN
    goto DONE;
#endif
    if :: second == NONE && slot == RECORD_SLOT -> purpose = FOR_SECOND; goto OPEN_NEXT :: else fi;
SECOND:
    if
    :: second != NONE ->
       programRecord(second, slot);
       if
       :: res == CUT -> powerOff(); goto OFF
       :: res == OK -> holders = holders | BIT(second); goto DONE
       :: else -> retire(second)
       fi
    :: else
    fi;
    if :: !ALONE -> purpose = FOR_ANOTHER; goto OPEN_NEXT :: else fi;
SINGLE:
    if :: !again && INSERVICE > 2 -> goto FAIL :: else fi;
    if
    :: !FULL ->
       slot = nextSlot; nextSlot++;
       programRecord(first, slot);
       if :: res == CUT -> powerOff(); goto OFF :: res == OK -> goto DONE :: else fi
    :: else
    fi;
FIRST_FAILED:
    nextSlot++;
    if :: ALONE -> goto FAIL :: else fi;
    retire(first);
    goto TOP;

OPEN_NEXT:
    left = SECTORS;
    do
    :: left > 0 && erasesLeft != 0 ->
       left--;
       turn = (turn + 1) % SECTORS;
       erasable(turn);
       if
       :: yes ->
          yes = 0;
          if
          :: purpose == FOR_SECOND -> openSector(turn, genMax)
          :: else -> openSector(turn, genMax + 1)
          fi;
          if
          :: res == CUT -> powerOff(); goto OFF
          :: res == ERROR -> retire(turn)
          :: else -> left = 0; goto OPENED
          fi
       :: else
       fi
    :: else -> break
    od;
    left = 0;
    if
    :: purpose == FOR_SECOND -> slot = RECORD_SLOT; goto SECOND
    :: purpose == FOR_ANOTHER && ALONE -> goto SINGLE
    :: else -> goto FAIL
    fi;
OPENED:
    if
    :: purpose == FOR_SECOND -> second = turn; slot = RECORD_SLOT; goto SECOND
    :: else -> d_step { first = turn; second = NONE; genMax++; nextSlot = RECORD_SLOT }
    fi;
    if
    :: purpose == FOR_KEY -> opened = 1; goto AGAIN
    :: else -> goto RECORD
    fi;

FAIL:
    say0("@ failed\n");
    if
    :: caller == REPLACE ->
       d_step { if :: opened -> nextSlot = SLOTS + 1 :: else fi; key = oldKey; epoch++ }
#ifdef NEW_REPLACE_ENDS_QUIET
       if :: state == QUIET -> state = READY; handOut() :: else fi
#endif
    :: else
    fi;
    if
    :: caller == BOOT && lost != 0 -> state = QUIET /* a loss: its record waits for the end of quiet time */
#ifdef NEW_NUMBERS_BEFORE_RECORD
    :: caller == BOOT && !quiet && lost == 0 -> state = READY; ceiling = draft; handOut()
#endif
    :: else
    fi;
    goto REST;

DONE:
#ifdef MARKS
    s = 0;
    do
    :: s < SECTORS ->
       if
       :: s != first && s != second && hs[s] != H_NONE && hg[s] < hg[first] && mk[s] == BLANK ->
#ifdef RULE_O
          res = ERROR;
#else
          if :: doubt -> res = ERROR :: else -> programMark(s) fi;
#endif
          if
          :: res == CUT -> powerOff(); goto OFF
          :: res == ERROR ->
             eraseSector(s);
             if
             :: res == CUT -> powerOff(); goto OFF
#ifdef RULE_A2
             :: res == ERROR && !doubt -> goto FAIL
#else
#ifndef RULE_A
             :: res == ERROR -> goto FAIL
#endif
#endif
             :: else
             fi
          :: else
          fi
       :: else
       fi;
       s++
    :: else -> break
    od;
#endif
    skip;
    d_step {
      ceiling = draft; outOfUse = retired;
      ackCeiling = ceiling; ackEpoch = epoch; keysOpen = BIT(key);
#ifdef ROW
      cuts = ROW;
#endif
      if :: caller == REPLACE -> v = draft - 1; served = 0; owed = 1 :: else fi
    }
    say3("@ done next %d holders %d retired %d\n", nextSlot, holders, retired);
    if
    :: caller == REPLACE || (caller == BOOT && quiet) -> state = QUIET
    :: caller == AHEAD -> skip
    :: else -> state = READY; handOut()
    fi;

REST: skip;
    d_step {
      caller = 0; draft = 0; draftQuiet = 0; oldKey = 0; purpose = 0; again = 0; opened = 0; erasesLeft = 0;
      s = 0; i = 0; slot = 0; left = 0; res = 0; yes = 0;
      if :: FULL -> nextSlot = SLOTS + 1 :: else fi
    }
    goto CALL
  }
}
