set(CPU_FLAGS -mcpu=cortex-m4 -mthumb -mfloat-abi=soft)
set(BOARD_SOURCES "${BOARD_DIR}/board.c" "${BOARD_DIR}/flash.c" "${BOARD_DIR}/ram_journal.c")
set(BOARD_LINK_SCRIPT "${BOARD_DIR}/link.ld")
# QEMU has no flash controller: its image keeps the journal in RAM. For the chip turn this off.
option(ISNKIT_EMULATED "Build for QEMU" ON)
if(ISNKIT_EMULATED)
  add_compile_definitions(ISNKIT_EMULATED)
endif()
