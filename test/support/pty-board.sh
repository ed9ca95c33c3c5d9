#!/bin/sh
# The power switch of an emulated board behind a pseudo-terminal: what a relay is to a board on a desk.
#
#   pty-board.sh FOLDER on      starts QEMU; FOLDER/port is then a link to its serial port
#   pty-board.sh FOLDER off     SIGKILL: the port vanishes, the EEPROM (FOLDER/eeprom) stays
#   pty-board.sh FOLDER reset   the reset button: RAM survives
#
# FOLDER/firmware is a link to the firmware; QEMU's id is in FOLDER/pid.
set -eu
folder=$1

case $2 in
  on)
    [ ! -f "$folder/pid" ] || exit 0
    : >"$folder/console"
    setsid qemu-system-arm -M lm3s6965evb -cpu cortex-m3 -display none -nodefaults -nic none \
      -serial pty -monitor "unix:$folder/monitor,server=on,wait=off" \
      -blockdev "driver=file,filename=$folder/eeprom,node-name=eeprom" \
      -device at24c-eeprom,bus=i2c,address=0x50,rom-size=8192,drive=eeprom \
      -kernel "$folder/firmware" >"$folder/console" 2>&1 </dev/null &
    echo $! >"$folder/pid"
    until port=$(sed -n 's/.*redirected to \(\/dev\/[^ ]*\).*/\1/p' "$folder/console") && [ -n "$port" ]; do
      kill -0 "$(cat "$folder/pid")" || { cat "$folder/console" >&2; exit 1; }
      sleep 0.02
    done
    ln -sfn "$port" "$folder/port"
    ;;
  off)
    [ -f "$folder/pid" ] || exit 0
    rm -f "$folder/port"
    pid=$(cat "$folder/pid")
    kill -9 "$pid" 2>/dev/null || true
    # A process that is gone has no command line; its parent may not have asked for its end yet.
    while [ -s "/proc/$pid/cmdline" ]; do sleep 0.02; done
    rm -f "$folder/pid"
    ;;
  reset)
    echo system_reset | socat - "UNIX-CONNECT:$folder/monitor" >/dev/null
    ;;
esac
