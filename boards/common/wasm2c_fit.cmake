# Cuts the C code that wasm2c 1.0.32 makes of the module to this kit: everything static, so that it is
# compiled as one with runtime_wasm2c.c; memory accesses and rotations through module_operations.h; no
# registry of function types, for the module has no table. What is not found as expected ends the build.
# cmake -DCODE=….c -DHEADER=….h -P wasm2c_fit.cmake
cmake_minimum_required(VERSION 3.25)

# Replaces, and fails when there was nothing to replace.
function(fit variable pattern replacement)
  string(REGEX REPLACE "${pattern}" "${replacement}" result "${${variable}}")
  if(result STREQUAL "${${variable}}")
    message(FATAL_ERROR "wasm2c_fit: ${CODE} does not have the form of wasm2c 1.0.32: ${pattern}")
  endif()
  set(${variable} "${result}" PARENT_SCOPE)
endfunction()

# Semicolons and brackets would make lists of the text; no such bytes are in it.
string(ASCII 1 OPENING)
string(ASCII 2 CLOSING)
function(read_text path variable)
  file(READ "${path}" text)
  string(REPLACE ";" "\r" text "${text}")
  string(REPLACE "[" "${OPENING}" text "${text}")
  string(REPLACE "]" "${CLOSING}" text "${text}")
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()
function(write_text path text)
  string(REPLACE "${CLOSING}" "]" text "${text}")
  string(REPLACE "${OPENING}" "[" text "${text}")
  string(REPLACE "\r" ";" text "${text}")
  file(WRITE "${path}" "${text}")
endfunction()

read_text("${CODE}" code)

# The division and rotation operators in front are kept as they are.
string(FIND "${code}" "#define DIV_S(" operators)
string(FIND "${code}" "#define FMIN(x" operators_end)
string(FIND "${code}" "static void init_globals(" body)
string(FIND "${code}" "static u32 w2c_" declarations)
if(operators EQUAL -1 OR operators_end EQUAL -1 OR body EQUAL -1 OR declarations EQUAL -1)
  message(FATAL_ERROR "wasm2c_fit: ${CODE} does not have the form of wasm2c 1.0.32")
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
  "\n__attribute__((optimize(\"O2\"))) \\1")
write_text("${CODE}" "#include \"isnkit_wasm.h\"\n#include \"module_operations.h\"\n
${operator_text}\n${code}")

read_text("${HEADER}" header)
fit(header "\n(void|u32|wasm_rt_memory_t\\*) Z_isnkit[^\n]*" "")
fit(header "\nu32 Z_board" "\nstatic u32 Z_board")
write_text("${HEADER}" "${header}")
