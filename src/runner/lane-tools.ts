/** What the lanes of all campaigns share. */
import type { FileStore } from '../store/file-store.ts';
import type { StudyService } from '../study/study-service.ts';
import type { AgentHub } from './agent-hub.ts';
import type { CheckpointFolders } from './checkpoint-folders.ts';
import type { ResolveFile } from './dataset-spec.ts';
import type { TrialPool } from './trial-pool.ts';

export interface LaneTools {
  readonly studies: StudyService;
  readonly pool: TrialPool;
  /** Where artifacts go. */
  readonly files: FileStore;
  readonly checkpoints: CheckpointFolders;
  readonly resolve: ResolveFile;
  readonly hub?: AgentHub;
  /** For faults that no trial is to blame for. */
  readonly log?: (message: string, error: unknown) => void;
}
