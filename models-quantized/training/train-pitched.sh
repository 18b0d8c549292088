#!/usr/bin/env bash
# Dumps, trains and exports the pitched model: train-pitched.sh DATA WORK PYTHON
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$1 work=$2/pitched python=$3
here=models-quantized/training/pitched
dump() { node_modules/.bin/tsx $here/dump-pitched.ts --data "$data" --out "$work/$1" --set "${@:2}"; }

dump train-band freedoom --takes 5 --keep 0.4
dump train-pop pop909 --keep 0.2
dump train-band2 freedoom --takes 4 --keep 0.4 --seed 2
dump train-pop2 pop909 --keep 0.3 --seed 2
dump train-jazz jtd_trio --takes 4 --keep 0.5
dump dev-band freedoom --split dev --plain
dump dev-pop pop909 --split dev --plain --limit 20
dump dev-jazz jtd_trio --split dev --plain
train=("$work/train-band" "$work/train-band2" "$work/train-pop" "$work/train-pop2" "$work/train-jazz")
dev=("$work/dev-band" "$work/dev-pop" "$work/dev-jazz")
"$python" $here/train_pitched.py --train "${train[@]}" --dev "${dev[@]}" --out "$work" --epochs 2.5
"$python" $here/export_pitched.py --weights "$work/weights.pt" --dev "${dev[@]}" --out models-quantized/pitched \
  --version "$(date -u +%Y.%m.%d)"
