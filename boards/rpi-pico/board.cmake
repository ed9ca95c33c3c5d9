set(CPU_FLAGS -mcpu=cortex-m0plus -mthumb)
set(BOARD_SOURCES "${BOARD_DIR}/board.c" "${BOARD_DIR}/flash.c")
set(BOARD_LINK_SCRIPT "${BOARD_DIR}/link.ld")
