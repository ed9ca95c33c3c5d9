# Makes room in wasm3 0.5.0 for what this kit does in its own way (boards/common/wasm3/compiler.c): functions
# of wasm3 that have a counterpart there get another name, and operations take no pointer to the page. What is not
# found as expected ends the build.
# cmake -DSOURCES=…/cpp -DOUTPUT=… -P wasm3_fit.cmake
cmake_minimum_required(VERSION 3.25)

# Replaces, and fails when there was nothing to replace.
function(fit variable pattern replacement)
  string(REPLACE "${pattern}" "${replacement}" result "${${variable}}")
  if(result STREQUAL "${${variable}}")
    message(FATAL_ERROR "wasm3_fit: ${SOURCES} does not have the form of wasm3 0.5.0: ${pattern}")
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

read_text("${SOURCES}/m3_compile.c" compile)
foreach(function Compile_GetSetGlobal Compile_BranchTable Compile_Call Compile_CallIndirect CompileElseBlock)
  fit(compile "M3Result  ${function}  (" "M3Result  unused_${function}  (")
endforeach()
fit(compile "EmitOp (o, op_Loop)" "emit_loop (o)")
write_text("${OUTPUT}/m3_compile.c" "${compile}")

read_text("${SOURCES}/m3_exec.h" exec)
fit(exec ", _mem, d_m3OpDefaultArgs)" ", d_m3OpDefaultArgs)")
fit(exec "<= _mem->length" "<= ISNKIT_PAGE_BYTES")
write_text("${OUTPUT}/m3_exec.h" "${exec}")
