# Cuts the C code that wasm2c 1.0.32 makes of the module to this kit: everything static, so that it is
# compiled as one with runtime_wasm2c.c; one instance, whose address has a register of its own, in place of a
# pointer that every function passes on; memory accesses and rotations through module_operations.h; no registry of function
# types, for the module has no table. What is not found as expected ends the build.
# cmake -DCODE=….c -DHEADER=….h -P wasm2c_fit.cmake
cmake_minimum_required(VERSION 3.25)

set(FIT_SOURCE "${CODE}")
set(FIT_FORM "wasm2c 1.0.32")
include("${CMAKE_CURRENT_LIST_DIR}/fit_source.cmake")

read_text("${CODE}" code)

# The division and rotation operators in front are kept as they are.
string(FIND "${code}" "#define DIV_S(" operators)
string(FIND "${code}" "#define FMIN(x" operators_end)
string(FIND "${code}" "static void init_globals(" body)
string(FIND "${code}" "static u32 w2c_" declarations)
if(operators EQUAL -1 OR operators_end EQUAL -1 OR body EQUAL -1 OR declarations EQUAL -1)
  unfit("")
endif()
math(EXPR operators_length "${operators_end} - ${operators}")
string(SUBSTRING "${code}" ${operators} ${operators_length} operator_text)
string(SUBSTRING "${code}" ${declarations} -1 code)
# The exported functions at the end only call the static ones, which the kit calls itself.
string(FIND "${code}" "/* export: '" wrappers)
string(SUBSTRING "${code}" 0 ${wrappers} code)

# All zeros were set when the instance was cleared.
fit(code "  instance->w2c_g[0-9]+ = 0u(ll)?\r\n" "")
fit(code "\\(&instance->w2c_memory, \\(u64\\)\\((w2c_[a-z0-9]+)\\)( \\+ [0-9]+u?)"
  "(&instance->w2c_memory, \\1, (0\\2)")
fit(code "\\(&instance->w2c_memory, \\(u64\\)\\((w2c_[a-z0-9]+)\\)" "(&instance->w2c_memory, \\1, 0")
# A module with data segments would need more here.
fit(code "static void init_memories\\(Z_isnkit_instance_t\\* instance\\) {\n  wasm_rt_allocate_memory\\(&instance->w2c_memory, 1, 1\\)\r\n}\n" "")
# `x = ROTL(x, n)`, then `y ^= x` on the stack machine: y is below x, which is used up.
fit(code "(w2c_j[0-9]) = I64_ROTL\\(w2c_j[0-9], (w2c_j[0-9])\\)\r\n *(w2c_j[0-9]) \\^= w2c_j[0-9]\r"
  "\\3 = i64_rotl_xor(\\1, \\2, \\3)\r")
string(REGEX REPLACE
  "w2c_j[0-9] = ([0-9]+)ull\r\n *(w2c_j[0-9]) = I64_ROTL\\(w2c_j[0-9], w2c_j[0-9]\\)\r\n *(w2c_j[0-9]) = (w2c_[a-z0-9]+)\r\n *w2c_j[0-9] \\^= w2c_j[0-9]\r"
  "\\3 = \\4\r\n    \\2 = i64_rotl_xor(\\2, \\1, \\3)\r" code "${code}")
# The hash is most of an ISN: it alone is compiled for speed.
fit(code "\n(static u64 w2c_f[0-9]+\\(Z_isnkit_instance_t\\* instance, u32 w2c_p0\\) {[^}]*i64_rotl_xor)"
  "\nFOR_SPEED \\1")
fit(code "(\nFOR_SPEED [^}]*)i64_load\\(" "\\1i64_load_for_speed(")
# One instance: its address is where module_operations.h keeps it, and no function takes it.
fit(code "Z_isnkit_instance_t\\*( instance)?, " "")
fit(code "Z_isnkit_instance_t\\*( instance)?" "void")
fit(code "(w2c_[a-zA-Z0-9]+)\\(instance, " "\\1(")
fit(code "(w2c_[a-zA-Z0-9]+)\\(instance\\)" "\\1()")
fit(code "\\(\\*(Z_boardZ_[a-z]+)\\)\\(instance->Z_board_instance(, )?" "\\1(")
fit(code "instance->w2c_" "instance.w2c_")
# The kind of storage, which a kit for one kind knows when it is compiled: what `configureStorage` stores
# first. Another kind becomes one that the module refuses.
string(FIND "${code}" "static u32 w2c_configureStorage(u32 w2c_p0" configure)
string(SUBSTRING "${code}" ${configure} -1 configuring)
string(REGEX MATCH "w2c_i0 = w2c_p0\r\n *instance\\.(w2c_g[0-9]+) = w2c_i0\r" stored "${configuring}")
set(kind "${CMAKE_MATCH_1}")
fit(code "(u32 w2c_configureStorage\\(u32 [^{]*{)" "\\1\n  w2c_p0 = STORAGE_KIND_GIVEN(w2c_p0)\r")
fit(code "= instance\\.${kind}\r" "= STORAGE_KIND(instance.${kind})\r")
write_text("${CODE}" "#include \"isnkit_wasm.h\"\n#include \"module_operations.h\"\n\n${operator_text}\n${code}")

read_text("${HEADER}" header)
fit(header "\n(void|u32|wasm_rt_memory_t\\*) Z_isnkit[^\n]*" "")
fit(header "\nu32 Z_board" "\nstatic u32 Z_board")
fit(header "\n  struct Z_board_instance_t\\* Z_board_instance\r" "")
fit(header "struct Z_board_instance_t\\*(, )?" "")

# A word in the first 128 bytes is loaded by an instruction of two bytes, others by four: the words that
# are used most come first, then the double words, and the page last.
string(REGEX MATCHALL "\n  u32 w2c_g[0-9]+" words "${header}")
string(REGEX MATCHALL "\n  u64 w2c_g[0-9]+" double_words "${header}")
set(by_use "")
foreach(word IN LISTS words)
  string(REGEX REPLACE ".* " "" name "${word}")
  string(REGEX MATCHALL "instance\\.${name} " uses "${code}")
  string(REGEX MATCHALL "instance\\.${name}\r" reads "${code}")
  list(LENGTH uses written)
  list(LENGTH reads read)
  math(EXPR rank "100000 - ${written} - ${read}")
  list(APPEND by_use "${rank} ${name}")
endforeach()
list(SORT by_use)
set(fields "")
foreach(entry IN LISTS by_use)
  string(REGEX REPLACE ".* " "" name "${entry}")
  string(APPEND fields "\n  u32 ${name}\r")
endforeach()
foreach(double_word IN LISTS double_words)
  string(APPEND fields "${double_word}\r")
endforeach()
fit(header "\n  u(32|64) w2c_g[0-9]+\r" "")
fit(header "(\ntypedef struct Z_isnkit_instance_t {)" "\\1${fields}")
write_text("${HEADER}" "${header}")
