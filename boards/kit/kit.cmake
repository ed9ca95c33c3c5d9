# The kit as a static library a runtime: isnkit-wasm2c and isnkit-wasm3. ISNKIT_RUNTIMES lists those
# whose tools and sources are there.
set(ISNKIT_RUNTIMES "")
# Memory of wasm3, see docs/integrate.md. A board whose module may be replaced has room for another one than this.
if(BOARD_MODULE_SLOTS)
  set(ISNKIT_ARENA_BYTES 24576 CACHE STRING "wasm3: tables, and the cache of compiled code")
  set(ISNKIT_WASM3_PAGE_BYTES 4096 CACHE STRING "wasm3: the module's page, at most 4096")
  set(ISNKIT_WASM3_STACK_HEIGHT 128 CACHE STRING "wasm3: values that a function may stack up")
else()
  set(ISNKIT_ARENA_BYTES 12288 CACHE STRING "wasm3: tables, and the cache of compiled code")
  set(ISNKIT_WASM3_PAGE_BYTES 2048 CACHE STRING "wasm3: the module's page, at most 4096")
  set(ISNKIT_WASM3_STACK_HEIGHT 64 CACHE STRING "wasm3: values that a function may stack up")
endif()
set(ISNKIT_WASM3_STACK_BYTES 1024 CACHE STRING "wasm3: stack of the interpreter")
set(ISNKIT_WASM3_CONSTANTS 48 CACHE STRING "wasm3: words for constants of a function")
set(KIT_SOURCES "${KIT}/isnkit.c")

# The module as bytes, and its SHA-256: wasm3 runs the one, every device tells the other.
set(IMAGE "${CMAKE_CURRENT_BINARY_DIR}/module_image.c")
add_custom_command(
  OUTPUT "${IMAGE}"
  COMMAND ${CMAKE_COMMAND} "-DWASM=${ISNKIT_WASM}" "-DOUTPUT=${IMAGE}"
    -P "${KIT}/module_image.cmake"
  DEPENDS "${ISNKIT_WASM}" "${KIT}/module_image.cmake" VERBATIM)
add_custom_target(module_image DEPENDS "${IMAGE}")
set_source_files_properties("${IMAGE}" "${KIT}/sha256.c" PROPERTIES
  COMPILE_OPTIONS "-Os;-Wall;-Wextra;-Werror")

find_program(WASM2C wasm2c)

if(WASM2C)
  set(TRANSLATED "${CMAKE_CURRENT_BINARY_DIR}/wasm2c")
  file(MAKE_DIRECTORY "${TRANSLATED}")
  add_custom_command(
    OUTPUT "${TRANSLATED}/isnkit_wasm.c" "${TRANSLATED}/isnkit_wasm.h"
    COMMAND ${WASM2C} -n isnkit "${ISNKIT_WASM}" -o "${TRANSLATED}/isnkit_wasm.c"
    COMMAND ${CMAKE_COMMAND} "-DCODE=${TRANSLATED}/isnkit_wasm.c"
      "-DHEADER=${TRANSLATED}/isnkit_wasm.h" -P "${KIT}/wasm2c_fit.cmake"
    DEPENDS "${ISNKIT_WASM}" "${KIT}/wasm2c_fit.cmake" "${KIT}/fit_source.cmake" VERBATIM)
  set_source_files_properties("${KIT}/sha256.c" "${IMAGE}" PROPERTIES
    SKIP_UNITY_BUILD_INCLUSION ON)
  set_source_files_properties("${KIT}/runtime_wasm2c.c" PROPERTIES
    OBJECT_DEPENDS "${TRANSLATED}/isnkit_wasm.c")
  # isnkit-wasm2c takes every kind of memory; isnkit-wasm2c-eeprom and its like that kind alone.
  foreach(kind "" nor eeprom key_value)
    set(library isnkit-wasm2c)
    if(kind)
      string(APPEND library "-${kind}")
    endif()
    # The translated module is compiled as a part of runtime_wasm2c.c, and that as one with isnkit.c.
    add_library(${library} STATIC ${KIT_SOURCES} "${KIT}/runtime_wasm2c.c"
      "${KIT}/sha256.c" "${IMAGE}")
    add_dependencies(${library} module_image)
    target_include_directories(${library} PUBLIC "${KIT}" PRIVATE "${KIT}/wasm2c"
      "${TRANSLATED}")
    set_target_properties(${library} PROPERTIES UNITY_BUILD ON)
    target_compile_definitions(${library} PRIVATE ISNKIT_ONE_UNIT)
    # What gcc 12 does for -Os and makes this code larger, found by trial: each of these is worth bytes by itself.
    target_compile_options(${library} PRIVATE
      -Os -fno-if-conversion -fno-caller-saves -fno-expensive-optimizations -fno-move-loop-invariants
      -fno-guess-branch-probability -fno-tree-tail-merge -fno-optimize-sibling-calls
      -fno-tree-dominator-opts -fno-tree-loop-im -fno-ssa-phiopt -fno-sched-critical-path-heuristic
      -fira-region=mixed --param=max-inline-insns-size=1
      -Wall -Wextra -Werror -Wno-unused -Wno-unused-value)
    if(kind)
      string(TOUPPER "ISNKIT_NVM_${kind}" constant)
      target_compile_definitions(${library} PRIVATE ISNKIT_ONLY_KIND=${constant})
    endif()
  endforeach()
  list(APPEND ISNKIT_RUNTIMES wasm2c)
else()
  message(STATUS "wasm2c left out: run scripts/setup-arm")
endif()

if(EXISTS "${ISNKIT_WASM3}/m3_core.c")
  # Of wasm3 its compiler and operations are used; the rest is done in a smaller way in wasm3/.
  set(FITTED "${CMAKE_CURRENT_BINARY_DIR}/wasm3")
  file(MAKE_DIRECTORY "${FITTED}")
  add_custom_command(
    OUTPUT "${FITTED}/m3_compile.c" "${FITTED}/m3_exec.h"
    COMMAND ${CMAKE_COMMAND} "-DSOURCES=${ISNKIT_WASM3}" "-DOUTPUT=${FITTED}"
      -P "${KIT}/wasm3_fit.cmake"
    DEPENDS "${ISNKIT_WASM3}/m3_compile.c" "${ISNKIT_WASM3}/m3_exec.h"
      "${KIT}/wasm3_fit.cmake" "${KIT}/fit_source.cmake" VERBATIM)
  add_custom_target(wasm3_fitted DEPENDS "${FITTED}/m3_compile.c" "${FITTED}/m3_exec.h")
  set(OWN_PARTS "${KIT}/runtime_wasm3.c" "${KIT}/wasm3/module_reader.c"
    "${KIT}/wasm3/arena.c" "${KIT}/wasm3/loaded_module.c" "${KIT}/wasm3/code_cache.c")
  set(WASM3_PARTS "${KIT}/wasm3/compiler.c" "${ISNKIT_WASM3}/m3_core.c"
    "${ISNKIT_WASM3}/m3_function.c")
  # wasm3 jumps from operation to operation, which needs sibling calls.
  set_source_files_properties(${WASM3_PARTS} PROPERTIES
    COMPILE_OPTIONS "-Os;-w;-foptimize-sibling-calls;-DNDEBUG")
  set_source_files_properties("${KIT}/wasm3/compiler.c" PROPERTIES
    OBJECT_DEPENDS "${FITTED}/m3_compile.c;${FITTED}/m3_exec.h")
  # Constants are copied behind the code.
  set_property(SOURCE "${ISNKIT_WASM3}/m3_core.c" APPEND PROPERTY COMPILE_DEFINITIONS
    m3_CopyMem=unused_m3_CopyMem)
  set_source_files_properties(${OWN_PARTS} PROPERTIES COMPILE_OPTIONS "-Os;-Wall;-Wno-unused")
  add_library(isnkit-wasm3 STATIC ${KIT_SOURCES} "${KIT}/sha256.c" "${IMAGE}" ${OWN_PARTS}
    ${WASM3_PARTS})
  add_dependencies(isnkit-wasm3 module_image wasm3_fitted)
  target_include_directories(isnkit-wasm3 PUBLIC "${KIT}"
    PRIVATE "${KIT}/wasm3" "${FITTED}" "${ISNKIT_WASM3}")
  target_compile_options(isnkit-wasm3 PRIVATE -Os)
  # One setting for wasm3 and for what looks into its structures.
  target_compile_definitions(isnkit-wasm3 PRIVATE
    d_m3HasFloat=0 d_m3MaxFunctionStackHeight=${ISNKIT_WASM3_STACK_HEIGHT}
    d_m3MaxConstantTableSize=${ISNKIT_WASM3_CONSTANTS}
    d_m3VerboseErrorMessages=0 d_m3CascadedOpcodes=0 d_m3MaxDuplicateFunctionImpl=1
    ISNKIT_ARENA_BYTES=${ISNKIT_ARENA_BYTES} ISNKIT_WASM3_STACK_BYTES=${ISNKIT_WASM3_STACK_BYTES})
  # Applications that check a module know its page as well.
  target_compile_definitions(isnkit-wasm3 PUBLIC ISNKIT_PAGE_BYTES=${ISNKIT_WASM3_PAGE_BYTES}u)
  list(APPEND ISNKIT_RUNTIMES wasm3)
else()
  message(STATUS "wasm3 left out: its sources come with npm ci (wasm3-source)")
endif()
