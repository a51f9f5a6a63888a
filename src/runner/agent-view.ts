/** Agents and devices as the API shows them. */
import type { DeviceDescription } from '@tinypareto/hw-agents/protocol';

export interface DeviceView extends DeviceDescription {
  readonly agentId: string;
  readonly state: 'idle' | 'busy' | 'quarantined' | 'offline';
  readonly reason: string | null;
  readonly jobsDone: number;
}

export interface AgentView {
  readonly agentId: string;
  readonly version: string;
  readonly connected: boolean;
  readonly devices: readonly DeviceView[];
}
