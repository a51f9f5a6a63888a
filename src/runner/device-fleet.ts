/**
 * Who is there to measure: agents, the devices they offer, how long an agent has been silent, and which devices failed too often to be
 * trusted. Knows nothing of jobs but the id of the one that a device works on.
 */
import {
  type DeviceDescription,
  type ErrorClass,
  type JobError,
  PROTOCOL_VERSION,
  type RegisterRequest,
} from '@tinypareto/hw-agents/protocol';
import { UserError } from '../errors.ts';
import type { AgentView, DeviceView } from './agent-view.ts';

/** A device as the daemon remembers it, across agents that come and go. */
export interface Device {
  readonly description: DeviceDescription;
  agentId: string;
  /** Counts the leases ever given on this device; only the newest one's results count. */
  fence: number;
  infraErrorsInARow: number;
  quarantine: string | null;
  jobsDone: number;
  jobId: string | null;
}

export interface Agent {
  readonly agentId: string;
  readonly version: string;
  lastSeen: number;
  readonly deviceIds: readonly string[];
}

/** A board type, or one device of it by name. */
export interface DeviceWish {
  readonly board: string;
  readonly deviceId?: string;
}

/** Faults of the rig, not of the network; this many in a row put a device into quarantine. */
const QUARANTINE_AFTER = 3;
const INFRASTRUCTURE: ReadonlySet<ErrorClass> = new Set(['BOARD', 'FLASH', 'PROTOCOL', 'POWER', 'AGENT', 'LEASE_LOST']);

export class DeviceFleet {
  readonly #agents = new Map<string, Agent>();
  readonly #devices = new Map<string, Device>();
  readonly #silenceMs: number;
  readonly #now: () => number;

  /** `now` in monotonic milliseconds; an agent silent for `silenceMs` counts as gone. */
  constructor(silenceMs: number, now: () => number) {
    this.#silenceMs = silenceMs;
    this.#now = now;
  }

  /**
   * Takes in an agent with its devices. Answers the jobs that the agent has forgotten by starting again.
   * @throws UserError when it speaks another protocol, or offers a device of an agent that is still connected.
   */
  register(body: RegisterRequest): string[] {
    this.#refuseStranger(body);
    const forgotten: string[] = [];
    for (const description of body.devices) {
      const known = this.#devices.get(description.deviceId);
      if (known?.jobId != null) forgotten.push(known.jobId);
      this.#devices.set(description.deviceId, {
        description,
        agentId: body.agentId,
        fence: known?.fence ?? 0,
        infraErrorsInARow: 0,
        quarantine: null,
        jobsDone: known?.jobsDone ?? 0,
        jobId: null,
      });
    }
    this.#agents.set(body.agentId, {
      agentId: body.agentId,
      version: body.version,
      lastSeen: this.#now(),
      deviceIds: body.devices.map((device) => device.deviceId),
    });
    return forgotten;
  }

  #refuseStranger(body: RegisterRequest): void {
    if (!body.protocols.includes(PROTOCOL_VERSION)) {
      throw new UserError({
        code: 'PROTOCOL_MISMATCH',
        message: `the agent speaks protocol ${body.protocols.join(', ')}, this daemon ${PROTOCOL_VERSION}`,
        hint: 'update the older of the two',
      });
    }
    for (const { deviceId } of body.devices) {
      const known = this.#devices.get(deviceId);
      if (known !== undefined && known.agentId !== body.agentId && this.#isConnected(known.agentId)) {
        throw new UserError({
          code: 'DEVICE_TAKEN',
          message: `device ${deviceId} is already offered by agent ${known.agentId}`,
          hint: 'one device belongs to one agent; stop the other one first',
          status: 409,
        });
      }
    }
  }

  /** @throws UserError when it never registered. */
  agent(agentId: string): Agent {
    const agent = this.#agents.get(agentId);
    if (agent !== undefined) return agent;
    throw new UserError({
      code: 'AGENT_NOT_FOUND',
      message: `agent ${agentId} is not registered`,
      hint: 'register first',
      status: 404,
    });
  }

  device(deviceId: string): Device | undefined {
    return this.#devices.get(deviceId);
  }

  /** Notes that the agent behind a device is alive. */
  heard(deviceId: string): void {
    const device = this.#devices.get(deviceId);
    const agent = device && this.#agents.get(device.agentId);
    if (agent !== undefined) agent.lastSeen = this.#now();
  }

  /** A healthy device of the agent without a job, among those that it calls idle. */
  idle(agent: Agent, idleDevices: readonly string[], wish: DeviceWish): Device | undefined {
    return agent.deviceIds
      .filter((id) => idleDevices.includes(id))
      .flatMap((id) => this.#devices.get(id) ?? [])
      .find((device) => device.agentId === agent.agentId && device.jobId === null && fits(device, wish));
  }

  /** True when a connected, healthy device answers the wish. */
  offers(wish: DeviceWish): boolean {
    return [...this.#devices.values()].some((device) => this.#isConnected(device.agentId) && fits(device, wish));
  }

  succeeded(device: Device): void {
    device.infraErrorsInARow = 0;
    device.jobsDone++;
  }

  /** Counts a fault of the rig against its device. Faults of the network are nobody's here. */
  blame(device: Device, error: JobError): void {
    if (!INFRASTRUCTURE.has(error.class)) return;
    device.infraErrorsInARow++;
    if (device.infraErrorsInARow < QUARANTINE_AFTER) return;
    device.quarantine = `${device.infraErrorsInARow} faults in a row, the last: ${error.class}: ${error.message}`;
  }

  agents(): AgentView[] {
    return [...this.#agents.values()].map((agent) => ({
      agentId: agent.agentId,
      version: agent.version,
      connected: this.#isConnected(agent.agentId),
      devices: agent.deviceIds.flatMap((id) => {
        const device = this.#devices.get(id);
        return device === undefined || device.agentId !== agent.agentId ? [] : [this.#view(device)];
      }),
    }));
  }

  devices(): DeviceView[] {
    return [...this.#devices.values()].map((device) => this.#view(device));
  }

  #isConnected(agentId: string): boolean {
    const agent = this.#agents.get(agentId);
    return agent !== undefined && this.#now() - agent.lastSeen < this.#silenceMs;
  }

  #view(device: Device): DeviceView {
    return {
      ...device.description,
      agentId: device.agentId,
      state: this.#state(device),
      reason: device.quarantine,
      jobsDone: device.jobsDone,
    };
  }

  #state(device: Device): DeviceView['state'] {
    if (!this.#isConnected(device.agentId)) return 'offline';
    if (device.quarantine !== null) return 'quarantined';
    return device.jobId === null ? 'idle' : 'busy';
  }
}

function fits(device: Device, wish: DeviceWish): boolean {
  if (device.quarantine !== null) return false;
  return wish.deviceId === undefined
    ? device.description.board === wish.board
    : device.description.deviceId === wish.deviceId;
}
