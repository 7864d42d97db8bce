// The route of the audit log.
import { z } from "zod";
import type { AuditLog } from "../../application/record-audit.ts";
import { type Route, route } from "../route.ts";

/** The routes of the audit log. */
export function auditRoutes({ audit }: { readonly audit: AuditLog }): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/audit",
      summary: "Entries of the audit log as they are stored, from a number on.",
      admission: "admin",
      query: z.object({
        from: z.coerce.number().int().min(1).default(1),
        limit: z.coerce.number().int().min(1).max(1_000).default(1_000),
      }),
      answer: z.object({
        last: z.int(),
        entries: z.array(z.string()),
        /** The signed end of the log as it is stored. */
        head: z.string().optional(),
        /** What is wrong with the log's end; looked at with the first entries. */
        alarms: z.array(z.string()),
      }),
      handle: async ({ query: { from, limit } }) => {
        const alarms = from === 1 ? await audit.check() : [];
        const head = await audit.head();
        const entries = await audit.read(from, limit);
        return {
          last: await audit.last(),
          entries: [...entries],
          ...(head === undefined ? {} : { head }),
          alarms: [...alarms],
        };
      },
    }),
  ];
}
