# The kit as a static library a runtime: isnkit-wasm2c and isnkit-wasm3. ISNKIT_RUNTIMES lists those
# whose tools and sources are there.
set(ISNKIT_RUNTIMES "")
# The whole module compiled by wasm3 takes five times its size in RAM; see docs/integrate.md.
set(ISNKIT_ARENA_BYTES 56320 CACHE STRING "Arena of wasm3")
set(KIT_SOURCES "${COMMON}/isnkit.c")

# The module as bytes, and its SHA-256: wasm3 runs the one, every device tells the other.
set(IMAGE "${CMAKE_CURRENT_BINARY_DIR}/module_image.c")
add_custom_command(
  OUTPUT "${IMAGE}"
  COMMAND ${CMAKE_COMMAND} "-DWASM=${ISNKIT_WASM}" "-DOUTPUT=${IMAGE}"
    -P "${COMMON}/module_image.cmake"
  DEPENDS "${ISNKIT_WASM}" "${COMMON}/module_image.cmake" VERBATIM)
add_custom_target(module_image DEPENDS "${IMAGE}")
set_source_files_properties("${IMAGE}" "${COMMON}/sha256.c" PROPERTIES
  COMPILE_OPTIONS "-Os;-Wall;-Wextra;-Werror")

find_program(WASM2C wasm2c)

if(WASM2C)
  set(TRANSLATED "${CMAKE_CURRENT_BINARY_DIR}/wasm2c")
  file(MAKE_DIRECTORY "${TRANSLATED}")
  add_custom_command(
    OUTPUT "${TRANSLATED}/isnkit_wasm.c" "${TRANSLATED}/isnkit_wasm.h"
    COMMAND ${WASM2C} -n isnkit "${ISNKIT_WASM}" -o "${TRANSLATED}/isnkit_wasm.c"
    COMMAND ${CMAKE_COMMAND} "-DCODE=${TRANSLATED}/isnkit_wasm.c"
      "-DHEADER=${TRANSLATED}/isnkit_wasm.h" -P "${COMMON}/wasm2c_fit.cmake"
    DEPENDS "${ISNKIT_WASM}" "${COMMON}/wasm2c_fit.cmake" VERBATIM)
  # The translated module is compiled as a part of runtime_wasm2c.c, and that as one with isnkit.c.
  add_library(isnkit-wasm2c STATIC ${KIT_SOURCES} "${COMMON}/runtime_wasm2c.c"
    "${COMMON}/sha256.c" "${IMAGE}")
  add_dependencies(isnkit-wasm2c module_image)
  target_include_directories(isnkit-wasm2c PUBLIC "${COMMON}" PRIVATE "${COMMON}/wasm2c"
    "${TRANSLATED}")
  set_source_files_properties("${COMMON}/sha256.c" "${IMAGE}" PROPERTIES
    SKIP_UNITY_BUILD_INCLUSION ON)
  set_target_properties(isnkit-wasm2c PROPERTIES UNITY_BUILD ON)
  target_compile_options(isnkit-wasm2c PRIVATE
    -Os -Wall -Wextra -Werror -Wno-unused -Wno-unused-value)
  set_source_files_properties("${COMMON}/runtime_wasm2c.c" PROPERTIES
    OBJECT_DEPENDS "${TRANSLATED}/isnkit_wasm.c")
  list(APPEND ISNKIT_RUNTIMES wasm2c)
else()
  message(STATUS "wasm2c left out: run scripts/setup-arm")
endif()

if(EXISTS "${ISNKIT_WASM3}/m3_core.c")
  set(WASM3_SOURCES "")
  foreach(part bind code compile core env exec function module parse)
    list(APPEND WASM3_SOURCES "${ISNKIT_WASM3}/m3_${part}.c")
  endforeach()
  set_source_files_properties("${ISNKIT_WASM3}/m3_compile.c" PROPERTIES OBJECT_DEPENDS
    "${COMMON}/wasm3/small_core.h")
  # wasm3 jumps from operation to operation, which needs sibling calls; its heap is the kit's arena.
  set_source_files_properties(${WASM3_SOURCES} PROPERTIES COMPILE_OPTIONS
    "-Os;-w;-foptimize-sibling-calls;-DNDEBUG;-Dcalloc=isnkit_arena_calloc;-Drealloc=isnkit_arena_realloc;-Dfree=isnkit_arena_free")
  set_property(SOURCE "${ISNKIT_WASM3}/m3_compile.c" APPEND PROPERTY COMPILE_OPTIONS
    "-include;${COMMON}/wasm3/small_core.h")
  add_library(isnkit-wasm3 STATIC ${KIT_SOURCES} "${COMMON}/runtime_wasm3.c" "${COMMON}/arena.c"
    "${COMMON}/sha256.c" "${IMAGE}" ${WASM3_SOURCES})
  add_dependencies(isnkit-wasm3 module_image)
  target_include_directories(isnkit-wasm3 PUBLIC "${COMMON}" PRIVATE "${ISNKIT_WASM3}")
  target_compile_options(isnkit-wasm3 PRIVATE -Os)
  # One setting for wasm3 and for runtime_wasm3.c, which looks into its structures.
  target_compile_definitions(isnkit-wasm3 PRIVATE
    d_m3HasFloat=0 d_m3CodePageAlignSize=1024 d_m3MaxFunctionStackHeight=128
    d_m3VerboseErrorMessages=0 d_m3CascadedOpcodes=0 d_m3MaxLinearMemoryPages=1
    d_m3MaxDuplicateFunctionImpl=1 ISNKIT_ARENA_BYTES=${ISNKIT_ARENA_BYTES})
  set_source_files_properties("${COMMON}/runtime_wasm3.c" PROPERTIES
    COMPILE_OPTIONS "-Os;-Wall;-Wno-unused")
  set_source_files_properties("${COMMON}/arena.c" PROPERTIES
    COMPILE_OPTIONS "-Os;-Wall;-Wextra;-Werror")
  list(APPEND ISNKIT_RUNTIMES wasm3)
else()
  message(STATUS "wasm3 left out: its sources come with npm ci (wasm3-source)")
endif()
