// The units of this machine that are the agent's: what they should be is written down, and the files follow.
import { basename, dirname, join } from "node:path";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Disk } from "../../domain/disk.ts";
import {
  environmentFileOf,
  queueTemplateName,
  queueUnitName,
  queueUnitText,
  rehearsalSlot,
  slotEnvironmentText,
  slotUnitName,
  slotUnitText,
  socketUnitNames,
  socketUnitText,
} from "../../domain/service-units.ts";
import { inTheWay, unitsFor } from "../../domain/socket-sets.ts";
import {
  emptySystemdRecord,
  leaders,
  parseSystemdRecord,
  type SocketUnit,
  type SystemdRecord,
  sharesUnit,
  systemdRecordText,
  type UnitRecord,
} from "../../domain/systemd-record.ts";
import { complaintsAbout, type RunCommand, told } from "./systemctl.ts";
import {
  differs,
  lastingFolder,
  passingFolder,
  put,
  type UnitFile,
  wantedLink,
} from "./unit-files.ts";

/** What the units are kept with. */
export interface UnitParts {
  readonly disk: Disk;
  readonly run: RunCommand;
  /** Of systemd. */
  readonly version: number;
  /** Where it is written down which units there are. */
  readonly recordPath: string;
  /** Holds the environments of processes. */
  readonly environmentFolder: string;
}

/** Not safe for two calls that change something at the same time; its user sees to that. */
export class MachineUnits {
  readonly #parts: UnitParts;
  #record: SystemdRecord | undefined;

  constructor(parts: UnitParts) {
    this.#parts = parts;
  }

  async record(): Promise<SystemdRecord> {
    const { disk, recordPath } = this.#parts;
    if (this.#record !== undefined) return this.#record;
    const bytes = await disk.read(recordPath);
    this.#record ??=
      bytes === undefined
        ? emptySystemdRecord
        : parseSystemdRecord(Buffer.from(bytes).toString(), recordPath);
    return this.#record;
  }

  async find(service: string, id: string): Promise<UnitRecord | undefined> {
    const { units } = await this.record();
    return units.find((unit) => unit.service === service && unit.launch.id === id);
  }

  /**
   * Writes a unit and opens its sockets; what is left is to start it. Returns it with its socket units. Fails with
   * `cannot_start`, `address_in_use`.
   */
  async add(asked: UnitRecord): Promise<UnitRecord> {
    const { service, slot, launch } = asked;
    const isShared = launch.sockets.length > 0 && slot !== rehearsalSlot;
    const socketUnits = isShared ? await this.#socketUnitsFor(asked) : [];
    const names = socketUnits.map(({ name }) => name);
    const unit = isShared ? { ...asked, socketUnits: names } : asked;
    // Written down before there is anything: a unit that nobody knows of would go on for ever.
    const { units, sockets } = await this.record();
    const others = (sockets[service] ?? []).filter(({ name }) => !names.includes(name));
    const all = { ...sockets, [service]: [...others, ...socketUnits] };
    await this.#save({ units: [...units, unit], sockets: isShared ? all : sockets });
    const files = this.#socketFiles(unit);
    for (const file of files.filter(({ path }) => path.endsWith(".socket"))) {
      if ("text" in file && (await differs(this.#parts.disk, file)) === "changed")
        await this.#closeSocket(basename(file.path));
    }
    await this.#parts.disk.makeFolder(dirname(launch.log));
    await this.#follow([...this.#unitFiles(unit), ...files]);
    for (const name of socketUnitNames(unit)) await this.#openSocket(name, unit);
    return unit;
  }

  /** Closes those that stand in the way of its sockets, and chooses the ones to be. */
  async #socketUnitsFor({ service, launch }: UnitRecord): Promise<readonly SocketUnit[]> {
    const { sockets } = await this.record();
    for (const { name } of inTheWay(sockets[service] ?? [], launch.sockets))
      await this.#removeSocket(service, name);
    const left = (await this.record()).sockets[service] ?? [];
    return unitsFor(service, left, launch.sockets);
  }

  /** A process that another one starts in its own unit: there is nothing to be written but that. */
  async join(unit: UnitRecord): Promise<void> {
    const { units, sockets } = await this.record();
    await this.#save({ units: [...units, unit], sockets });
  }

  /** Changes what units should be, and their files with that. */
  async change(
    which: (unit: UnitRecord) => boolean,
    how: (unit: UnitRecord) => UnitRecord,
  ): Promise<void> {
    const { units, sockets } = await this.record();
    const changed = units.map((unit) => (which(unit) ? how(unit) : unit));
    await this.#save({ units: changed, sockets });
    for (const unit of leaders(changed)) {
      if (!unit.kept) await this.#parts.disk.remove(keptLink(unit).path);
    }
    await this.#follow(leaders(changed).flatMap((unit) => this.#unitFiles(unit)));
  }

  /** Forgets a unit whose process is gone, and removes its files. */
  async remove(unit: UnitRecord): Promise<void> {
    const { disk, run } = this.#parts;
    const { units, sockets } = await this.record();
    const others = units.filter((other) => other !== unit);
    if (others.some((other) => sharesUnit(unit, other))) {
      await this.#save({ units: others, sockets });
      return;
    }
    if (unit.slot === rehearsalSlot && unit.launch.sockets.length > 0) {
      for (const name of socketUnitNames(unit)) await this.#closeSocket(name);
      for (const { path } of this.#socketFiles(unit).slice(0, 1)) await disk.remove(path);
    }
    if (unit.launch.succession !== undefined) {
      // It may hold what the process has left behind.
      await run("systemctl", ["kill", "--signal=KILL", slotUnitName(unit)]);
      await run("systemctl", ["stop", slotUnitName(unit)]);
    }
    await run("systemctl", ["reset-failed", slotUnitName(unit)]);
    for (const { path } of [...this.#unitFiles(unit), keptLink(unit)]) await disk.remove(path);
    await told(run, ["daemon-reload"]);
    await this.#save({ units: others, sockets });
  }

  /** Closes the sockets of a service but those at these addresses. Processes that have inherited them go on. */
  async removeSockets(service: string, but: readonly string[]): Promise<void> {
    const { sockets } = await this.record();
    for (const { name, address } of sockets[service] ?? []) {
      if (!but.includes(address)) await this.#removeSocket(service, name);
    }
  }

  async #removeSocket(service: string, name: string): Promise<void> {
    const { disk, run } = this.#parts;
    await this.#closeSocket(name);
    await disk.remove(join(lastingFolder, name));
    await disk.remove(wantedLink(name, "sockets.target").path);
    await told(run, ["daemon-reload"]);
    const { units, sockets } = await this.record();
    const { [service]: ours = [], ...others } = sockets;
    const left = ours.filter((unit) => unit.name !== name);
    await this.#save({
      units,
      sockets: left.length === 0 ? others : { ...others, [service]: left },
    });
  }

  /** Puts files right that somebody has changed, and opens a socket that is closed. Says what it did. */
  async restore(service: string): Promise<readonly string[]> {
    const { disk } = this.#parts;
    const { units, sockets } = await this.record();
    const files = leaders(units)
      .filter((unit) => unit.service === service && unit.slot !== rehearsalSlot)
      .flatMap((unit) => this.#unitFiles(unit));
    const shared = sockets[service] ?? [];
    files.push(...shared.flatMap((unit) => this.#sharedSocketFiles(unit)));
    const sentences: string[] = [];
    for (const file of files) {
      const difference = await differs(disk, file);
      if (difference === undefined) continue;
      const how = difference === "gone" ? "was gone" : "had been changed";
      sentences.push(`${file.path} ${how} and was written anew`);
    }
    if (sentences.length > 0) await this.#follow(files);
    for (const { name } of shared) sentences.push(...(await this.#reopen(name)));
    return sentences;
  }

  /** A socket that somebody has stopped is still in the process, and the address is taken until that ends. */
  async #reopen(name: string): Promise<readonly string[]> {
    const { run } = this.#parts;
    if ((await run("systemctl", ["is-active", name])).code === 0) return [];
    await run("systemctl", ["stop", queueUnitName(name)]);
    return (await run("systemctl", ["start", name])).code === 0
      ? [`${name} was not active and was started`]
      : [
          `${name} was stopped and its process still holds the socket: the next one cannot share it`,
        ];
  }

  /** Writes the files that are not as they should be, and has systemd read them. */
  async #follow(files: readonly UnitFile[]): Promise<void> {
    const { disk, run } = this.#parts;
    const written = (await put(disk, files)).filter(
      ({ path }) => path.endsWith(".service") || path.endsWith(".socket"),
    );
    if (written.length === 0) return;
    const paths = written.filter((file) => "text" in file).map(({ path }) => path);
    // Templates are verified with what is made of them.
    const complete = paths.filter((path) => !path.includes("@"));
    const [complaint] = complete.length === 0 ? [] : await complaintsAbout(run, complete);
    if (complaint !== undefined) {
      throw new AgentFailure("cannot_start", `systemd would not take a unit: ${complaint}`);
    }
    await told(run, ["daemon-reload"]);
  }

  async #openSocket(name: string, { service, launch }: UnitRecord): Promise<void> {
    const { run } = this.#parts;
    if ((await run("systemctl", ["is-active", name])).code === 0) return;
    await run("systemctl", ["stop", queueUnitName(name)]);
    if ((await run("systemctl", ["start", name])).code === 0) return;
    const known = (await this.record()).sockets[service]?.find((unit) => unit.name === name);
    const all = launch.sockets.map(({ address }) => address).join(" or ");
    throw new AgentFailure(
      "address_in_use",
      `${known?.address ?? all} cannot be listened on by systemd: end whatever holds it, or give the service another address; journalctl -u ${name} says more`,
    );
  }

  async #closeSocket(name: string): Promise<void> {
    await this.#parts.run("systemctl", ["stop", name, queueUnitName(name)]);
    await this.#parts.run("systemctl", ["reset-failed", name]);
  }

  #unitFiles(unit: UnitRecord): readonly UnitFile[] {
    const folder = unit.slot === rehearsalSlot ? passingFolder : lastingFolder;
    const text = slotUnitText(unit, this.#parts);
    return [
      {
        path: environmentFileOf(this.#parts, unit),
        text: slotEnvironmentText(unit),
        mode: 0o600,
      },
      { path: join(folder, slotUnitName(unit)), text, mode: 0o644 },
      ...(unit.kept ? [keptLink(unit)] : []),
    ];
  }

  #socketFiles(unit: UnitRecord): readonly UnitFile[] {
    const { sockets } = unit.launch;
    if (sockets.length === 0) return [];
    const names = socketUnitNames(unit);
    if (unit.slot !== rehearsalSlot) {
      const units = sockets.map(({ address }, at) => ({ name: names[at] ?? "", address }));
      return units.flatMap((one) => this.#sharedSocketFiles(one));
    }
    return names.flatMap((name) => [
      { path: join(passingFolder, name), text: socketUnitText(name, sockets), mode: 0o644 },
      queueFile,
    ]);
  }

  #sharedSocketFiles({ name, address }: SocketUnit): readonly UnitFile[] {
    const path = join(lastingFolder, name);
    const text = socketUnitText(name, [{ address }]);
    return [{ path, text, mode: 0o644 }, queueFile, wantedLink(name, "sockets.target")];
  }

  async #save(record: SystemdRecord): Promise<void> {
    this.#record = record;
    await this.#parts.disk.replace(this.#parts.recordPath, systemdRecordText(record), 0o600);
  }
}

const queueFile: UnitFile = {
  path: join(lastingFolder, queueTemplateName),
  text: queueUnitText(),
  mode: 0o644,
};

function keptLink(unit: UnitRecord): UnitFile {
  return wantedLink(slotUnitName(unit), "multi-user.target");
}
