# Writes the compiled module as a C array, with the SHA-256 that the device checks it against.
# cmake -DWASM=… -DOUTPUT=… -P module_image.cmake
file(READ "${WASM}" bytes HEX)
file(SHA256 "${WASM}" digest)
foreach(name bytes digest)
  string(REGEX REPLACE "(................................)" "\\1\n" ${name} "${${name}}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," ${name} "${${name}}")
endforeach()
file(SIZE "${WASM}" size)
file(WRITE "${OUTPUT}" "// Made by the build from the compiled module.
#include \"module_image.h\"

const uint8_t isnkit_module_image[${size}] __attribute__((aligned(4))) = {
${bytes}
};

const uint32_t isnkit_module_image_bytes = ${size};

const uint8_t isnkit_module_digest[ISNKIT_SHA256_BYTES] = {
${digest}
};
")
