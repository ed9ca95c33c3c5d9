set(CPU_FLAGS -mcpu=cortex-m3 -mthumb)
set(BOARD_SOURCES "${BOARD_DIR}/board.c" "${BOARD_DIR}/eeprom.c")
set(BOARD_LINK_SCRIPT "${BOARD_DIR}/link.ld")
set(BOARD_ETHERNET "${BOARD_DIR}/ethernet.c")
set(BOARD_BENCH ON)
# The kit for this kind of memory alone (kit.cmake).
set(BOARD_MEMORY eeprom)
