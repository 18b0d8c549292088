#!/usr/bin/env bash
# Dumps, trains and exports the drum model: train-drums.sh DATA WORK PYTHON
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$1 work=$2/drums python=$3
here=models-quantized/training/drums
dump() { node_modules/.bin/tsx $here/dump-drums.ts --data "$data" --out "$work/$1" "${@:2}"; }

dump train --split train --variants 5 --everything
dump groove --split dev --variants 1 --delay 62 --sets groove
dump band --split dev --variants 1 --delay 62 --sets freedoom,openmsx
dump jazz --split dev --variants 1 --delay 62 --sets jtd_trio
dev=(--dev "$work/groove" --dev "$work/band" --dev "$work/jazz")
"$python" $here/train.py --dump "$work/train" "${dev[@]}" --out "$work/model.pt" --epochs 4 --timing 0.02
"$python" $here/export.py --model "$work/model.pt" "${dev[@]}" --out models-quantized/drums --version "$(date -u +%Y.%m.%d)"
