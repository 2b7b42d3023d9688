import type { AppliedSchedules, MirrorResult, ScheduledFile, ScheduleStatus, Schedules } from '@dist/runs'
import { routes } from '../routes.js'
import type { Connection } from './connection.js'

/** The schedules of a queue, by its API. */
export class ServerSchedules implements Schedules {
  constructor(private readonly connection: Connection) {}

  async apply({ file, path, requests, force }: ScheduledFile): Promise<AppliedSchedules> {
    const body = { file, path, requests: [...requests], ...(force ? { force } : {}) }
    return await this.connection.call(routes.applySchedules, { body })
  }

  async list(): Promise<ScheduleStatus[]> {
    return [...(await this.connection.call(routes.listSchedules)).items]
  }

  async results(): Promise<MirrorResult[]> {
    return [...(await this.connection.call(routes.listMirrors)).items]
  }

  async run(name: string): Promise<string> {
    return (await this.connection.call(routes.runSchedule, { params: { name } })).run
  }

  async pause(name: string): Promise<void> {
    await this.connection.call(routes.pauseSchedule, { params: { name } })
  }

  async resume(name: string): Promise<void> {
    await this.connection.call(routes.resumeSchedule, { params: { name } })
  }

  async remove(name: string): Promise<void> {
    await this.connection.call(routes.removeSchedule, { params: { name } })
  }
}
