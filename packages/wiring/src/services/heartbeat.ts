import { parentPort, workerData } from 'node:worker_threads'
import { beat, type HeartSettings } from '@dist/redis'

// The program of the thread that `announce` starts.
void beat(workerData as HeartSettings, () => parentPort?.postMessage('seen'))
