/**
 * A tiny ONNX model, written octet by octet: sum = left + right, float32 of shape [1, width].
 * Field numbers from onnx.proto3 (ONNX 1.16); IR version 8, operator set 13.
 */
export function addModel(left: string, right: string, sum: string, width: number): Uint8Array {
  const node = message(text(1, left), text(1, right), text(2, sum), text(4, 'Add'));
  const value = (name: string): number[] => {
    const shape = message(nested(1, number(1, 1)), nested(1, number(1, width)));
    const type = nested(1, message(number(1, FLOAT), nested(2, shape)));
    return message(text(1, name), nested(2, type));
  };
  const graph = message(
    nested(1, node),
    text(2, 'add'),
    nested(11, value(left)),
    nested(11, value(right)),
    nested(12, value(sum)),
  );
  const operators = message(text(1, ''), number(2, 13));
  return Uint8Array.from(message(number(1, 8), nested(7, graph), nested(8, operators)));
}

/**
 * A model that takes its time: for `column` of shape [size, 1] and `row` of shape [1, size], it multiplies their outer
 * product, a large matrix, with itself before it gives one number of shape [1, 1].
 */
export function slowModel(column: string, row: string, result: string, size: number): Uint8Array {
  const multiply = (left: string, right: string, product: string): number[] =>
    message(text(1, left), text(1, right), text(2, product), text(4, 'MatMul'));
  const value = (name: string, rows: number, columns: number): number[] => {
    const shape = message(nested(1, number(1, rows)), nested(1, number(1, columns)));
    return message(
      text(1, name),
      nested(2, nested(1, message(number(1, FLOAT), nested(2, shape)))),
    );
  };
  const graph = message(
    nested(1, multiply(column, row, 'outer')),
    nested(1, multiply('outer', 'outer', 'squared')),
    nested(1, multiply(row, 'squared', 'reduced')),
    nested(1, multiply('reduced', column, result)),
    text(2, 'slow'),
    nested(11, value(column, size, 1)),
    nested(11, value(row, 1, size)),
    nested(12, value(result, 1, 1)),
  );
  const operators = message(text(1, ''), number(2, 13));
  return Uint8Array.from(message(number(1, 8), nested(7, graph), nested(8, operators)));
}

const FLOAT = 1;

function message(...fields: readonly (readonly number[])[]): number[] {
  return fields.flat();
}

/** Protocol buffers: key, then a variable-length integer. */
function number(field: number, value: number): number[] {
  return [...varint(field << 3), ...varint(value)];
}

/** Protocol buffers: key, length, octets. */
function nested(field: number, octets: readonly number[]): number[] {
  return [...varint((field << 3) | 2), ...varint(octets.length), ...octets];
}

function text(field: number, value: string): number[] {
  return nested(field, [...new TextEncoder().encode(value)]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
