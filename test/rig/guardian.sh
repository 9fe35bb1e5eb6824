#!/bin/sh
# Ends every server of a test run and removes its folder, once whoever holds our standard input is gone:
# at the end of the run as well as after Ctrl-C or a kill -9.
cd "$1" || exit 1
cat > /dev/null

ours() { # a number may belong to another process by now
  [ ! -d /proc/self ] || case "$(readlink "/proc/$1/cwd")" in "$PWD"/*) true ;; *) false ;; esac
}

running() {
  for pid in $(ls pids); do kill -0 "$pid" 2> /dev/null && ours "$pid" && echo "$pid"; done
}

for pid in $(running); do kill -INT "$pid"; kill -CONT "$pid"; done
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -n "$(running)" ] || break
  sleep 0.1
done
for pid in $(running); do kill -KILL "$pid"; done
cd / && rm -rf "$1"
