export {
  type Clock,
  GracefulShutdown,
  type GracefulShutdownOptions,
  type Phase,
  phases,
  type ShutdownLog,
  type SignalSource,
} from './graceful-shutdown.js';
export { WorkInHand } from './work-in-hand.js';
