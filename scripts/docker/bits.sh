# Sourced by docker-check: the same fit inside and outside the container, with one thread and with two, has the same
# bits where ARCHITECTURE.md promises them (D2, D3), which it does for everything that is fitted here.
# shellcheck shell=bash

# Rows enough for many blocks, the same everywhere: a linear congruence.
make_rows() {
  awk 'BEGIN {
    print "g,y,a,b,c,d"
    for (i = 0; i < 30000; ++i) {
      line = i % 7
      for (j = 0; j < 5; ++j) {
        state = (state * 16807 + 11) % 2147483647
        line = line "," sprintf("%.9f", state / 2147483647 + 3 * (j == 0))
      }
      print line
    }
  }' >"$data/rows.csv"
}

# fit PLACE THREADS NAME ARGUMENT...: its report, and its manifest, as NAME-PLACE-THREADS...
fit() {
  local place=$1 threads=$2 stem=$3-$1-$2
  shift 3
  "$place" "$@" --device cpu --threads "$threads" --json --manifest "$stem.manifest" >"$data/$stem.json" ||
    fail "the fit '$stem' failed"
}

fit_all() {
  local place=$1 threads=$2
  fit "$place" "$threads" gaussian gaussian fit rows.csv --columns y,a,b,c,d --by g
  fit "$place" "$threads" ascent gaussian fit eustockmarkets.csv --columns DAX,SMI,CAC,FTSE --log-returns \
    --method ascent --metric fisher
  fit "$place" "$threads" regression least-squares fit rows.csv --y y --x a,b,c,d --by g --standard-errors hc3 \
    --residuals --out "regression-$place-$threads.npz"
  fit "$place" "$threads" qr least-squares fit longley.csv --y TOTEMP --x GNPDEFL,GNP,UNEMP,ARMED,POP,YEAR --route qr
}

case_bits() {
  make_rows
  local place threads name fits=(gaussian ascent regression qr)
  for place in inside outside; do
    for threads in 1 2; do fit_all "$place" "$threads"; done
  done
  python3 "$sigmahat_root/scripts/docker/bits.py" "$data" "${fits[@]/%/.json}" "${fits[@]/%/.manifest}" \
    regression.npz || fail "bits differ"
  # What was fitted outside is repeated inside, from its manifest.
  for name in "${fits[@]}"; do
    inside replay "$name-outside-2.manifest" >"$room/replay.txt" 2>&1 ||
      fail "the container could not repeat '$name' of this machine: $(tail -n 20 "$room/replay.txt")"
  done
  echo "replay in the container of what was fitted outside: the same bits"
}
