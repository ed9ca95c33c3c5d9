set(CPU_FLAGS -mcpu=cortex-m0plus -mthumb)
set(BOARD_SOURCES "${BOARD_DIR}/board.c" "${BOARD_DIR}/flash.c" "${BOARD_DIR}/bootrom.c"
  "${BOARD_DIR}/boot2.S")
set(BOARD_LINK_SCRIPT "${BOARD_DIR}/link.ld")
# The boot loader's checksum, and the image as UF2.
find_program(NODE node REQUIRED)
set(BOARD_AFTER_LINK ${NODE} "${ROOT}/scripts/rp2040-image.mjs")
