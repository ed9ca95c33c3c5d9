set(CPU_FLAGS -mcpu=cortex-m3 -mthumb)
set(BOARD_SOURCES "${BOARD_DIR}/board.c" "${BOARD_DIR}/mram.c")
set(BOARD_LINK_SCRIPT "${BOARD_DIR}/link.ld")
# Room for the next module beside the running one.
set(BOARD_MODULE_SLOTS ON)
