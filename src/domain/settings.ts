/** A value of an option that mongod takes while it runs. */
export type SettingValue = number | boolean;

/** One option by its dotted name in mongod.yaml, e.g. `systemLog.verbosity`. */
export interface RuntimeSetting {
  readonly option: string;
  readonly value: SettingValue;
}

/** What one member is to be told. */
export interface SettingChange extends RuntimeSetting {
  /** What it runs with; absent: it does not tell. */
  readonly was?: SettingValue | undefined;
}
