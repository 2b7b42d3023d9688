import * as z from 'zod'

/** The documentation of a setting, and what readers of settings have to know beyond its schema. */
export interface SettingDoc {
  /** One or two sentences in Markdown. */
  readonly description: string
  /** The value in usage lines: `<url>`. */
  readonly placeholder: string
  /** More variables, which are read after `DIST_...`. */
  readonly otherVariables?: readonly string[] | undefined
  /** Never a flag: every user of the machine can read arguments. */
  readonly secret?: true | undefined
  /** The value may contain a secret: messages never repeat it, and it may stand in a separate file. */
  readonly sensitive?: true | undefined
  /** A map, which stands in a file only. Its texts may have variables. */
  readonly fileOnly?: true | undefined
  /** A switch: its flag has no value. */
  readonly isSwitch?: true | undefined
  /** The default in words, for a setting whose schema has no constant default. */
  readonly defaultText?: string | undefined
}

/** The documentation of all settings. */
export const settingDocs = z.registry<SettingDoc>()

/** The documentation of a setting of `serviceShapes`. */
export function docOf(setting: z.ZodType): SettingDoc {
  return settingDocs.get(setting) ?? { description: '', placeholder: '' }
}
