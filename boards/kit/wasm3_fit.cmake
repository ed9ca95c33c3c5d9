# Makes room in wasm3 0.5.0 for what this kit does in its own way (boards/kit/wasm3/compiler.c): functions
# of wasm3 that have a counterpart there get another name, and operations take no pointer to the page. What is not
# found as expected ends the build.
# cmake -DSOURCES=…/cpp -DOUTPUT=… -P wasm3_fit.cmake
cmake_minimum_required(VERSION 3.25)

set(FIT_SOURCE "${SOURCES}")
set(FIT_FORM "wasm3 0.5.0")
include("${CMAKE_CURRENT_LIST_DIR}/fit_source.cmake")

read_text("${SOURCES}/m3_compile.c" compile)
foreach(function Compile_GetSetGlobal Compile_BranchTable Compile_Call Compile_CallIndirect CompileElseBlock)
  fit(compile "M3Result  ${function}  \\(" "M3Result  unused_${function}  (")
endforeach()
fit(compile "EmitOp \\(o, op_Loop\\)" "emit_loop (o)")
write_text("${OUTPUT}/m3_compile.c" "${compile}")

read_text("${SOURCES}/m3_exec.h" exec)
fit(exec ", _mem, d_m3OpDefaultArgs\\)" ", d_m3OpDefaultArgs)")
fit(exec "<= _mem->length" "<= ISNKIT_PAGE_BYTES")
write_text("${OUTPUT}/m3_exec.h" "${exec}")
