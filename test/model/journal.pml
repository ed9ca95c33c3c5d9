/*
 * The journal on NOR flash (assembly/journal.ts, record.ts) with lease, quiet time and key replacement
 * (lifecycle.ts, sequence.ts, ledger.ts), under the faults of docs/fault-model.md. docs/model.md says how
 * model and code correspond. One process: power can fail inside each flash operation and between them.
 *
 * Sizes and faults, by -D: SECTORS, SLOTS (records a sector), CUTS, ERRORS, DEAD, UNREADABLE, REPLACES
 * (how many of each in a run; ANY is without a bound), CALLS (renewals, retries and replacements a boot).
 */
#define ANY 255
#ifndef SECTORS
#define SECTORS 2
#endif
#ifndef SLOTS
#define SLOTS 3
#endif
#ifndef CUTS
#define CUTS 2
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
#define REPLACES 1
#endif
#ifndef CALLS
#define CALLS 2
#endif
#ifndef FAILURES_MAX
#define FAILURES_MAX 2
#endif

/* A cell is a record or a sector's pair of header copies. */
#define BLANK 0
#define GOOD 1
#define BAD 2
/* Reads as blank, as bad or as its content, differently at each read. */
#define UNSETTLED 3
/* Programmed where an unsettled bit was: reads as its content or as bad. For a header: one copy is settled. */
#define HALF 4

#define OK 0
#define ERROR 1
#define CUT 2

#define NONE 15
#define LOSS 8
/* What lies further back than this is as old as can be. */
#define WINDOW 24

#define AT(s, i) ((s) * SLOTS + (i) - 1)
#define BIT(s) (1 << (s))
#define ONES(b) (((b) & 1) + (((b) >> 1) & 1) + (((b) >> 2) & 1))
#define INUSE(s) ((s) < SECTORS && (retired & BIT(s)) == 0)
#define USABLE (SECTORS - ONES(retired))
#define INSERVICE (SECTORS - ONES(outOfUse))
#define FULL (nextSlot > SLOTS)

/* ---- Memory: survives power. ---- */
byte rs[SECTORS * SLOTS];  /* state of each record cell */
byte rc[SECTORS * SLOTS];  /* ceiling; 0: no content */
byte re[SECTORS * SLOTS];  /* epoch */
byte rq[SECTORS * SLOTS];  /* quiet flag */
byte rm[SECTORS * SLOTS];  /* sectors out of use */
byte hs[SECTORS];          /* state of each header */
byte hg[SECTORS];          /* generation; 0: no content */
byte hk[SECTORS];          /* key */
byte hf[SECTORS];          /* first and second sector of the pair */
byte h2[SECTORS];
byte dead = NONE;          /* the sector that takes neither programs nor erases */

/* ---- Budgets of faults. ---- */
byte cuts = CUTS;
byte errors = ERRORS;
byte deaths = DEAD;
byte unreadables = UNREADABLE;
byte replaces = REPLACES;

/* ---- What an observer outside knows. ---- */
byte used = 1;      /* numbers up to here may be in use */
byte liveKey = 1;   /* ... under this key */
byte ackCeiling = 1; byte ackEpoch = 0; byte keyAck = 1;
byte keyTried = 0;  /* a replacement that neither succeeded nor was overruled */
bit owed = 0;       /* acknowledged: quiet time is to be served */
byte ackBoot = 1;   /* the newest acknowledged ceiling when this boot began */
byte newestKey = 1;

/* ---- RAM: lost with power. ---- */
byte first, second, turn, gen, genMax, nextSlot, holders, retired, erasesLeft;
bit firstOpen, secondOpen, lone, exhausted, pressed, failed, fresh, newKey, served, before, paired, bad, quiet;
byte vouched, lost, ceiling, epoch, outOfUse, key, oldKey, genBefore, draft, v, calls, missing;
bit quietOwed, draftQuiet, booted, afterFirst;
byte unread = NONE;
byte s, i, j, slot, newest, newestEpoch, ruined, found, last, rv, res, fails, at, tmax, pair2, copies, cont, low, high, p;
byte touched[SECTORS];

#ifdef TRACE
#define say3(f, a, b, c) printf(f, a, b, c)
#else
#define say3(f, a, b, c) skip
#endif

/* -- Reads. Result in rv: 0 blank, 1 bad, 2 good; of a header, the good copies. -- */
inline readRecord(S, I) {
  at = AT(S, I);
  if
  :: S == unread -> rv = 1
  :: S != unread && rs[at] == BLANK -> rv = 0
  :: S != unread && rs[at] == BAD -> rv = 1
  :: S != unread && rs[at] == GOOD -> rv = 2
  :: S != unread && rs[at] == UNSETTLED -> rv = 0
  :: S != unread && (rs[at] == UNSETTLED || rs[at] == HALF) -> rv = 1
  :: S != unread && (rs[at] == UNSETTLED || rs[at] == HALF) && rc[at] != 0 -> rv = 2
  fi;
  say3("read %d %d: %d\n", S, I, rv)
}
inline readHeader(S) {
  if
  :: S == unread -> rv = 0; retired = retired | BIT(S); failed = 1
  :: S != unread && (hs[S] == BLANK || hs[S] == BAD || hs[S] == UNSETTLED) -> rv = 0
  :: S != unread && hs[S] == GOOD -> rv = 2
  :: S != unread && (hs[S] == UNSETTLED || hs[S] == HALF) && hg[S] != 0 -> rv = 1
  :: S != unread && (hs[S] == UNSETTLED || hs[S] == HALF) && hg[S] != 0 -> rv = 2
  fi;
  say3("readheader %d: %d %d\n", S, rv, hs[S])
}

/* -- Programs and erases. Result in res. -- */
inline put(C) {
  rc[at] = draft; re[at] = epoch; rq[at] = draftQuiet; rm[at] = retired;
  rs[at] = C
}
/* Some, all or nothing of a program. With FLICKER the unsettled state reads as any of them. */
inline tear() {
  if
#ifdef FLICKER
  :: put(UNSETTLED)
  :: rs[at] == UNSETTLED -> skip
#else
  :: skip
  :: rs[at] = BAD
  :: put(GOOD)
#endif
  fi
}
/* What is programmed again over its own torn bits programs them all to 0, and so settles them. */
#define SAME (rc[at] == draft && re[at] == epoch && rq[at] == draftQuiet && rm[at] == retired)
inline spend(B) { if :: B != ANY -> B-- :: else fi }
inline programRecord(S, I) {
  at = AT(S, I);
  assert(rs[at] == BLANK || rs[at] == UNSETTLED);
  if
  :: S == dead -> res = ERROR
  :: S != dead && deaths > 0 -> dead = S; deaths--; res = ERROR
  :: S != dead && cuts > 0 -> res = CUT; spend(cuts); tear()
  :: S != dead && errors > 0 -> res = ERROR; spend(errors); tear()
  :: S != dead && rs[at] == BLANK -> put(GOOD); res = (S == unread -> ERROR : OK)
  :: S != dead && rs[at] == UNSETTLED && SAME -> put(GOOD); res = (S == unread -> ERROR : OK)
  :: S != dead && rs[at] == UNSETTLED && !SAME -> put(HALF); res = (S == unread -> ERROR : OK)
  :: S != dead && rs[at] == UNSETTLED && !SAME -> put(HALF); res = ERROR
  fi;
  say3("program %d %d: %d\n", S, I, res)
}
inline programHeader(S) {
  if
  :: S == dead -> res = ERROR
  :: S != dead && deaths > 0 -> dead = S; deaths--; res = ERROR
  :: S != dead && cuts > 0 -> res = CUT; spend(cuts); tearHeader(S)
  :: S != dead && errors > 0 -> res = ERROR; spend(errors); tearHeader(S)
  :: S != dead -> putHeader(S, GOOD); res = (S == unread -> ERROR : OK)
  fi;
  say3("header %d gen %d: %d\n", S, genMax, res)
}
inline putHeader(S, C) {
  hs[S] = C; hg[S] = genMax; hk[S] = key; hf[S] = low; h2[S] = high
}
inline tearHeader(S) {
  if
#ifdef FLICKER
  :: putHeader(S, UNSETTLED)
#else
  :: hs[S] = BAD
#endif
  :: putHeader(S, HALF)
  fi
}
inline clearRecord(A) { rs[A] = BLANK; rc[A] = 0; re[A] = 0; rq[A] = 0; rm[A] = 0 }
inline clearHeader(S) { hs[S] = BLANK; hg[S] = 0; hk[S] = 0; hf[S] = 0; h2[S] = 0 }
/* Each bit of the sector old, erased or zero, in any pattern. */
inline tearSector(S) {
#ifdef FLICKER
  d_step {
    hs[S] = UNSETTLED;
    j = 1;
    do :: j <= SLOTS -> rs[AT(S, j)] = UNSETTLED; j++ :: else -> break od; j = 0
  }
#else
  if :: clearHeader(S) :: clearHeader(S); hs[S] = BAD :: skip fi;
  j = 1;
  do
  :: j <= SLOTS ->
     at = AT(S, j);
     if :: clearRecord(at) :: clearRecord(at); rs[at] = BAD :: skip fi;
     j++
  :: else -> break
  od;
  j = 0
#endif
}
inline clearSector(S) {
  d_step {
    clearHeader(S);
    j = 1;
    do :: j <= SLOTS -> clearRecord(AT(S, j)); j++ :: else -> break od; j = 0
  }
}
/* A sector holds the newest acknowledged record, or a newer one, in settled bits. */
inline holds(S) {
  rv = 0; j = 1;
  if
  :: hs[S] == GOOD || hs[S] == HALF ->
     do
     :: j <= SLOTS ->
        if :: rs[AT(S, j)] == GOOD && re[AT(S, j)] >= ackEpoch && rc[AT(S, j)] >= ackCeiling -> rv = 1
        :: else fi;
        j++
     :: else -> break
     od
  :: else
  fi;
  j = 0
}
inline erase(S) {
  d_step {
    holds(S);
    if
    :: rv == 1 && lost == 0 && retired == (retired & ~missing) ->
       p = 0; rv = 0;
       do
       :: p < SECTORS ->
          if :: p != S -> holds(p); if :: rv == 1 -> break :: else fi :: else fi;
          p++
       :: else -> rv = 0; break
       od;
#ifndef NO_HOLDER
       assert(rv == 1); /* the only holder is never erased */
#endif
       p = 0
    :: else
    fi;
    rv = 0
  }
  if
  :: S == dead -> res = ERROR
  :: S != dead && deaths > 0 -> dead = S; deaths--; res = ERROR
  :: S != dead && cuts > 0 -> res = CUT; spend(cuts); tearSector(S)
  :: S != dead && errors > 0 -> res = ERROR; spend(errors); tearSector(S)
  :: S != dead -> clearSector(S); res = (S == unread -> ERROR : OK)
  fi;
  say3("erase %d gen %d: %d\n", S, genMax, res)
}
inline retire(S) { failed = 1; retired = retired | BIT(S) }
inline partnerOf(S) {
  d_step {
    high = NONE; p = 1;
    do
    :: p < SECTORS && !INUSE((S + p) % SECTORS) -> p++
    :: p < SECTORS && INUSE((S + p) % SECTORS) -> high = (S + p) % SECTORS; break
    :: else -> break
    od;
    p = 0
  }
}

/* Power is off: RAM is gone, and what is only relative is counted from the lowest value in sight, so
   that any number of boots is a finite number of states. */
inline powerOff() {
  d_step {
    first = 0; second = 0; turn = 0; gen = 0; genMax = 0; nextSlot = 0; holders = 0; retired = 0; erasesLeft = 0;
    firstOpen = 0; secondOpen = 0; lone = 0; exhausted = 0; pressed = 0; failed = 0; fresh = 0; newKey = 0;
    served = 0; before = 0; paired = 0; bad = 0; quiet = 0; lost = 0; vouched = 0; ceiling = 0; epoch = 0; outOfUse = 0;
    key = 0; oldKey = 0; genBefore = 0; draft = 0; v = 0; calls = 0; missing = 0; quietOwed = 0; draftQuiet = 0;
    booted = 0; afterFirst = 0; unread = NONE; s = 0; i = 0; slot = 0; newest = 0; newestEpoch = 0; ruined = 0;
    found = 0; last = 0; rv = 0; res = 0; fails = 0; at = 0; tmax = 0; pair2 = 0; copies = 0; cont = 0; low = 0; high = 0;
    caller = 0; state = 0;
    /* Newest values in sight. */
    i = used; newestEpoch = ackEpoch; gen = 1; j = 0;
    if :: ackCeiling > i -> i = ackCeiling :: else fi;
    do
    :: j < SECTORS * SLOTS ->
       if :: rs[j] == BLANK || rs[j] == BAD -> rc[j] = 0; re[j] = 0; rq[j] = 0; rm[j] = 0 :: else fi;
       if :: rc[j] > i -> i = rc[j] :: else fi;
       if :: re[j] > newestEpoch -> newestEpoch = re[j] :: else fi;
       j++
    :: else -> break
    od;
    j = 0;
    do
    :: j < SECTORS ->
       touched[j] = 0;
       if :: hs[j] == BLANK || hs[j] == BAD -> hg[j] = 0; hk[j] = 0; hf[j] = 0; h2[j] = 0 :: else fi;
       if :: hg[j] > gen -> gen = hg[j] :: else fi;
       j++
    :: else -> break
    od;
    /* Counted from the lowest: what is further back than the window counts as its start. */
    s = 255; slot = 255; last = 255; j = 0;
    s = used; if :: ackCeiling < s -> s = ackCeiling :: else fi;
    slot = ackEpoch;
    do
    :: j < SECTORS * SLOTS ->
       if :: rc[j] != 0 && rc[j] < s -> s = rc[j] :: else fi;
       if :: rc[j] != 0 && re[j] < slot -> slot = re[j] :: else fi;
       j++
    :: else -> break
    od;
    j = 0;
    do
    :: j < SECTORS -> if :: hg[j] != 0 && hg[j] < last -> last = hg[j] :: else fi; j++
    :: else -> break
    od;
    if :: last == 255 -> last = 1 :: else fi;
    if :: i > s + WINDOW -> s = i - WINDOW :: else fi;
    if :: newestEpoch > slot + WINDOW -> slot = newestEpoch - WINDOW :: else fi;
    if :: gen > last + WINDOW -> last = gen - WINDOW :: else fi;
    used = (used > s -> used - s + 1 : 1);
    ackCeiling = (ackCeiling > s -> ackCeiling - s + 1 : 1);
    ackEpoch = (ackEpoch > slot -> ackEpoch - slot : 0);
    j = 0;
    do
    :: j < SECTORS * SLOTS ->
       if
       :: rc[j] != 0 -> rc[j] = (rc[j] > s -> rc[j] - s + 1 : 1); re[j] = (re[j] > slot -> re[j] - slot : 0)
       :: else
       fi;
       j++
    :: else -> break
    od;
    j = 0;
    do
    :: j < SECTORS -> if :: hg[j] != 0 -> hg[j] = (hg[j] > last -> hg[j] - last + 1 : 1) :: else fi; j++
    :: else -> break
    od;
    ackBoot = ackCeiling;
    j = 0; s = 0; slot = 0; last = 0; i = 0; newestEpoch = 0; gen = 0
  };
  say3("off used %d ack %d epoch %d\n", used, ackCeiling, ackEpoch)
}

byte caller, state;
#define BOOT 1
#define RENEW 2
#define END_QUIET 3
#define REPLACE 4
#define FAILED 1
#define QUIET 2
#define READY 3

/* Numbers go out from v up to the ceiling, all at once: the worst case. */
inline handOut() {
  d_step {
    if
    :: !served ->
       assert(key == liveKey);    /* a key only changes through quiet time */
       assert(v >= used);         /* forward */
       assert(v >= ackBoot);         /* nothing acknowledged was forgotten */
       assert(!owed)              /* quiet time owed is served */
    :: else
    fi;
    /* A durable ceiling above v, in settled bits. */
    p = 0; found = 0;
    do
    :: p < SECTORS -> holds(p); found = found | rv; p++
    :: else -> break
    od;
#ifndef NO_DURABLE
    assert(found == 1 && ackCeiling > v);
#endif
    p = 0; found = 0; rv = 0;
    used = ceiling; liveKey = key; owed = 0
  }
}

active proctype device() {
  d_step {
    /* A device that has run: one record in both sectors of a pair. */
    hs[0] = GOOD; hg[0] = 1; hk[0] = 1; hf[0] = 0; h2[0] = 1;
    hs[1] = GOOD; hg[1] = 1; hk[1] = 1; hf[1] = 0; h2[1] = 1;
    rs[AT(0, 1)] = GOOD; rc[AT(0, 1)] = 1;
    rs[AT(1, 1)] = GOOD; rc[AT(1, 1)] = 1;
  }
OFF:
  powerOff();
  if
  :: unreadables > 0 && unread == NONE ->
     spend(unreadables);
     if :: unread = 0 :: unread = 1 :: SECTORS > 2 -> unread = 2 fi
  :: true
  fi;

  /* recoverJournal */
  first = NONE; second = NONE; turn = SECTORS - 1; s = 0; newest = 0; newestEpoch = 0; ruined = 0;
  do
  :: s < SECTORS ->
     readHeader(s);
     if
     :: rv == 0 -> skip
     :: else ->
        d_step {
          found = hg[s];
          if :: found > genMax -> genMax = found; ruined = 0 :: else fi;
          i = SLOTS; last = 0; slot = 0
        }
        do /* newestRecord */
        :: i >= 1 ->
           readRecord(s, i);
           d_step {
             if :: rv != 0 && last == 0 -> last = i :: else fi;
             if :: rv == 2 -> slot = i; i = 0 :: else -> i-- fi;
             rv = 0
           }
        :: else -> break
        od;
        skip;
        d_step {
          touched[s] = last;
          if :: slot != 0 && rc[AT(s, slot)] > vouched -> vouched = rc[AT(s, slot)] :: else fi;
          if
          :: slot == 0 -> if :: found == genMax && last != 0 -> ruined++ :: else fi
          :: slot != 0 && (re[AT(s, slot)] < newestEpoch || (re[AT(s, slot)] == newestEpoch && (found < gen || (found == gen && slot <= newest)))) -> skip
          :: else ->
             newest = slot; newestEpoch = re[AT(s, slot)]; gen = found; first = s; second = h2[s];
             turn = (second < SECTORS -> second : s);
             if :: second == s -> second = hf[s] :: else fi;
             key = hk[s]; ceiling = rc[AT(s, slot)]; quietOwed = rq[AT(s, slot)]; epoch = newestEpoch;
             outOfUse = rm[AT(s, slot)]
          fi;
          slot = 0; last = 0; found = 0; at = 0; i = 0
        }
     fi;
     s++
  :: else -> break
  od;
  s = 0;
#if !defined(NO_FOUND) && UNREADABLE == 0
  assert(first != NONE); /* READY again once faults stop */
#endif
  if :: first == NONE -> goto OFF :: else fi; /* nothing found: FAILED, no numbers */
  if :: genMax > gen && ruined == 2 -> lost++ :: else fi;
  ruined = 0;
  holders = BIT(first);
  readHeader(first);
  firstOpen = (rv == 2);
  copies = 0;
  if
  :: second < SECTORS ->
     readHeader(second); copies = rv;
     if
     :: copies != 0 && hg[second] == gen ->
        i = SLOTS; last = 0;
        do
        :: i >= 1 ->
           readRecord(second, i);
           d_step {
             if :: rv != 0 && last == 0 -> last = i :: else fi;
             if :: rv == 2 -> paired = 1; i = 0 :: else -> i-- fi;
             rv = 0
           }
        :: else -> break
        od;
        touched[second] = last; last = 0
     :: else
     fi
  :: else
  fi;
  secondOpen = (paired && copies == 2);
  copies = 0;
  /* weigh */
  d_step {
    lone = (INSERVICE == 1);
    tmax = touched[first];
    if :: paired && touched[second] > tmax -> tmax = touched[second] :: else fi
  }
  if
  :: paired -> readRecord(second, newest); if :: rv == 2 -> holders = holders | BIT(second) :: else fi
  :: else
  fi;
  before = 0; i = newest + 1;
  do
  :: i <= tmax ->
     readRecord(first, i);
     bad = (rv != 0);
     if
     :: bad && lone -> if :: before -> lost++ :: else fi
     :: bad && !lone && paired -> readRecord(second, i); if :: rv != 0 -> lost++ :: else fi
     :: else
     fi;
     before = bad; i++
  :: else -> break
  od;
  skip;
  d_step {
    missing = retired & ~outOfUse;
    if
    :: missing != 0 && (tmax > newest || INSERVICE == 2 || (missing & (missing - 1)) != 0) -> lost++
    :: else
    fi;
    nextSlot = (tmax > newest -> tmax : newest) + 2;
    if
    :: lost != 0 -> epoch = epoch + LOSS; lost = 1
#ifdef NEW_SAME_EPOCH
    :: else -> skip
#else
    :: lost == 0 && (genMax > gen || retired != 0) -> epoch = epoch + 2
    :: else
#endif
    fi;
    before = 0; bad = 0; i = 0; tmax = 0; newest = 0; newestEpoch = 0; rv = 0; at = 0; paired = 0;
    touched[0] = 0; touched[1] = 0;
#if SECTORS > 2
    touched[2] = 0;
#endif
    missing = retired; /* sectors unread at this boot: what they hold does not count */
    assert(key == keyAck || key == keyTried); /* a key only changes as it was replaced */
    if :: vouched > ceiling -> ceiling = vouched :: else fi;
    vouched = 0;
    v = ceiling;
    quiet = (quietOwed || lost != 0);
    state = FAILED
  }
  say3("boot v %d key %d lost %d\n", v, key, lost);
  say3("  first %d open %d next %d\n", first, firstOpen, nextSlot);
  say3("  second %d open %d holders %d\n", second, secondOpen, holders);
RECORD_BOOT:
  draft = v + 1; draftQuiet = quiet; caller = BOOT; newKey = 0; erasesLeft = ANY;
  goto WRITE;

CALL:
  /* Silence, a call, or power off between operations. */
  if
  :: goto OFF
  :: calls >= CALLS -> goto OFF
  :: calls < CALLS -> calls++;
     if
     :: state == FAILED && !booted -> goto RECORD_BOOT
     :: state == QUIET -> caller = END_QUIET; served = 1; liveKey = key; used = v; owed = 0; draft = v + 1; draftQuiet = 0; erasesLeft = ANY; newKey = 0; goto WRITE
     :: state == READY ->
        v = ceiling; draft = v + 1; draftQuiet = 0; caller = RENEW; newKey = 0;
        if :: erasesLeft = 0 :: erasesLeft = 1 :: erasesLeft = ANY fi;
        goto WRITE
     :: replaces > 0 ->
        spend(replaces);
        d_step {
          oldKey = key; newestKey++; key = newestKey; keyTried = key; epoch++; genBefore = gen;
          draft = (ceiling > v + 1 -> ceiling : v + 1); draftQuiet = 1; caller = REPLACE; newKey = 1; erasesLeft = ANY
        }
        goto WRITE
     fi
  fi;

WRITE:
  say3("write caller %d ceiling %d quiet %d\n", caller, draft, draftQuiet);
  if :: draft < ceiling -> draft = ceiling :: else fi;
  if :: exhausted -> retired = 0 :: else fi;
  exhausted = 0; failed = 0; fresh = newKey; fails = 0;
TOP:
  if :: fresh || !firstOpen || FULL -> cont = 0; goto OPEN :: else fi;
RECORD:
  if :: !secondOpen && INUSE(second) && erasesLeft == 0 -> goto FAIL :: else fi;
  slot = nextSlot; nextSlot++;
  programRecord(first, slot);
  if
  :: res == CUT -> goto OFF
  :: res == ERROR ->
#ifdef NEW_SECOND_UNVERIFIED
     goto MIRROR;
#endif
     if :: lone -> nextSlot++ :: else fi;
     fails++;
     if :: fails == FAILURES_MAX -> goto GIVE_UP :: else -> goto TOP fi
  :: else
  fi;
  holders = holders | BIT(first);
MIRROR:
  if
  :: !INUSE(second) -> secondOpen = 0; goto NOT_MIRRORED
  :: else
  fi;
  if
  :: !secondOpen ->
     s = second; low = first; high = second;
     if :: erasesLeft != ANY && erasesLeft > 0 -> erasesLeft-- :: else fi;
     holders = holders & ~BIT(s);
     erase(s);
     if :: res == CUT -> goto OFF :: res == ERROR -> retire(s); goto NOT_MIRRORED :: else fi;
     i = genMax; genMax = gen; programHeader(s); genMax = i; i = 0;
     if :: res == CUT -> goto OFF :: res == ERROR -> retire(s); goto NOT_MIRRORED :: else fi;
     secondOpen = 1
  :: else
  fi;
  programRecord(second, slot);
  if
  :: res == CUT -> goto OFF
  :: res == OK -> lone = 0; holders = BIT(first) | BIT(second); goto DONE
  :: else
  fi;
NOT_MIRRORED:
  if
  :: secondOpen ->
     fails++;
     if :: fails < FAILURES_MAX -> goto TOP :: else fi;
     retire(second); secondOpen = 0
  :: else
  fi;
  if :: USABLE >= 2 -> cont = 1; goto OPEN :: else fi;
  exhausted = 1;
  if
  :: !newKey && !pressed && INSERVICE > 2 -> pressed = 1; goto FAIL
  :: else
  fi;
  lone = 1;
  if :: !firstOpen || FULL -> goto FAIL :: else fi;
  slot = nextSlot; nextSlot++;
  programRecord(first, slot);
  if :: res == CUT -> goto OFF :: res == ERROR -> goto FAIL :: else fi;
  holders = BIT(first);
  goto DONE;

GIVE_UP:
  retire(first); firstOpen = 0;
  if :: USABLE >= 2 -> cont = 2; goto OPEN :: else -> goto GIVE_UP_SECOND fi;
GIVE_UP_SECOND:
  if :: !secondOpen -> cont = 3; goto OPEN :: else fi;
  first = second; second = NONE; firstOpen = 1; secondOpen = 0;
  goto TOP;

OPEN: /* openPair */
  i = 0; low = (turn + 1) % SECTORS;
  do
  :: i < SECTORS && erasesLeft != 0 ->
     s = (low + i) % SECTORS;
     if
#ifdef NEW_ERASE_ANY
     :: INUSE(s) ->
#else
     :: INUSE(s) && ((holders & BIT(s)) == 0 || (holders & (BIT(s) - 1)) != 0) ->
#endif
        tmax = low; low = s; partnerOf(s);
        if :: erasesLeft != ANY -> erasesLeft-- :: else fi;
        genMax++;
        holders = holders & ~BIT(s);
        if :: s == first -> firstOpen = 0 :: else fi;
        if :: s == second -> secondOpen = 0 :: else fi;
        erase(s);
        if :: res == CUT -> goto OFF :: res == ERROR -> retire(s) :: else ->
          programHeader(s);
          if :: res == CUT -> goto OFF :: res == ERROR -> retire(s) :: else ->
            d_step {
              first = s; second = high; firstOpen = 1; secondOpen = 0;
              turn = (high < SECTORS -> high : s); gen = genMax; nextSlot = 1;
              i = 0; low = 0; high = 0; s = 0; tmax = 0; fresh = 0;
              if :: cont < 2 -> fails = 0 :: else fi
            }
            if :: cont == 0 -> goto RECORD :: else -> goto TOP fi
          fi
        fi;
        low = tmax; tmax = 0
     :: else
     fi;
     i++
  :: else -> break
  od;
  i = 0; low = 0; high = 0; s = 0;
  exhausted = (USABLE < 2);
  if :: cont == 2 -> goto GIVE_UP_SECOND :: else -> goto FAIL fi;

FAIL:
  if
  :: caller == REPLACE ->
     d_step { if :: gen != genBefore -> firstOpen = 0 :: else fi; key = oldKey; epoch++; oldKey = 0; newKey = 0 }
#ifdef NEW_REPLACE_ENDS_QUIET
     if :: state == QUIET -> state = READY; booted = 1 :: else fi
#endif
  :: else
  fi;
#ifdef NEW_NUMBERS_BEFORE_RECORD
  if :: caller == BOOT && !quiet -> state = READY :: else fi;
#endif
  /* The lease that runs goes on; nothing new is handed out. */
  goto CALL;

DONE:
  if
  :: newKey ->
     i = 0;
     do
     :: i < SECTORS ->
        if
        :: i != first && i != second ->
           if
           :: hs[i] == UNSETTLED || hs[i] == BLANK -> skip /* may read as blank; a record behind it does not count */
           :: hs[i] != BLANK -> 
              holders = holders & ~BIT(i); p = 0;
              s = i; erase(s); if :: res == CUT -> goto OFF :: else fi
           fi
        :: else
        fi;
        i++
     :: else -> break
     od;
     i = 0; s = 0
  :: else
  fi;
  d_step {
    ceiling = draft; quietOwed = draftQuiet; outOfUse = retired; newKey = 0; oldKey = 0;
    ackCeiling = ceiling; ackEpoch = epoch; keyAck = key; keyTried = 0;
    if :: draftQuiet && (caller == REPLACE) -> owed = 1; served = 0 :: else fi
  }
  say3("acknowledged %d epoch %d key %d\n", ceiling, epoch, key);
  booted = 1;
  if
  :: caller == REPLACE || (caller == BOOT && quiet) -> state = QUIET
  :: else -> state = READY; handOut()
  fi;
  goto CALL
}
