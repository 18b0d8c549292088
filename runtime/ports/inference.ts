/** A tensor: `data.length` is the product of `shape`. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Int8Array | Uint8Array;
}

/** Runs ONNX models. Contract: tests/contracts/inference.contract.ts. */
export interface Inference {
  /** Rejects with PortError 'invalid' when `onnx` is not a model that it can run. */
  load(onnx: Uint8Array): Promise<Model>;
}

export interface Model extends AsyncDisposable {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Rejects with PortError 'invalid' for missing or misshapen inputs, 'closed' after dispose. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}
