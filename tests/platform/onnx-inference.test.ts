import { openOnnxInference } from '../../runtime/platform/onnx-inference.ts';
import { inferenceContract } from '../contracts/inference.contract.ts';

inferenceContract('OnnxInference', openOnnxInference);
