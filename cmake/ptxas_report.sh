#!/bin/sh
# Runs a CUDA compile command: ptxas_report.sh COMPILER ARGUMENT...
# What ptxas -v says of registers, shared memory, stack and spills goes to OBJECT.ptxas, where the test
# gate.kernel_budgets reads it; everything else, and the exit status, pass through.
set -u
object=
previous=
for argument; do
  if [ "$previous" = -o ]; then object=$argument; fi
  previous=$argument
done
if [ -z "$object" ]; then exec "$@"; fi

report=$object.ptxas
rm -f "$report"
"$@" 2>"$report.all"
status=$?
facts='^ptxas info +: ([0-9]+ bytes gmem|Compiling entry function|Function properties for|Used [0-9]+ |Compile time)'
facts="$facts|^ +[0-9]+ bytes stack frame,"
grep -Ev "$facts" "$report.all" >&2
if [ "$status" -eq 0 ]; then grep -E "$facts" "$report.all" >"$report"; fi
rm -f "$report.all"
exit "$status"
