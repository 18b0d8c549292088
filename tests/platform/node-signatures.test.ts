import { openNodeSignatures } from '../../runtime/platform/node-signatures.ts';
import { signaturesContract } from '../contracts/signatures.contract.ts';

signaturesContract('NodeSignatures', openNodeSignatures);
