// Who may do what: roles of people and programs, and what a machine may.

/** From the least to the most; each may what those before it may. */
export const roles = ["read", "deploy", "admin"] as const;

/** What a token of a person or a program allows. */
export type Role = (typeof roles)[number];

/** Who sent a request. */
export type Principal =
  | { readonly kind: "person"; readonly name: string; readonly role: Role; readonly token: string }
  | {
      readonly kind: "machine";
      readonly name: string;
      readonly environment: string;
      readonly token: string;
    };

/** Who may call a route: anybody at all, people from a role on, or machines. */
export type Admission = "anybody" | Role | "machine";

/** Whether the principal may. */
export function isAdmitted(principal: Principal, admission: Admission): boolean {
  if (admission === "anybody") return true;
  if (principal.kind === "machine") return admission === "machine";
  if (admission === "machine") return false;
  return roles.indexOf(principal.role) >= roles.indexOf(admission);
}
