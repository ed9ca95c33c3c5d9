# What the fits of foreign C sources to this kit share (wasm2c_fit.cmake, wasm3_fit.cmake): replacing with proof
# that there was something to replace, and text that stays text. The including script sets FIT_SOURCE, the
# sources, and FIT_FORM, whose form they are expected to have.

# Replaces, and ends the build when there was nothing to replace.
function(fit variable pattern replacement)
  string(REGEX REPLACE "${pattern}" "${replacement}" result "${${variable}}")
  if(result STREQUAL "${${variable}}")
    unfit(": ${pattern}")
  endif()
  set(${variable} "${result}" PARENT_SCOPE)
endfunction()
function(unfit what)
  message(FATAL_ERROR "${FIT_SOURCE} does not have the form of ${FIT_FORM}${what}")
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
