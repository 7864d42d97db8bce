// The answer of an upstream for git about a repository that is none of git's.
import { type FailureSubject, ProxyFailure } from "../proxy-failure.ts";

/** The repository is there and may be used, but it takes another program than git: an upstream for that one may be asked. */
export class OtherSystem extends ProxyFailure {
  /** The beginning of the module path that stands for the repository. */
  readonly root: string;
  /** The version control system by the name of its program: `hg`, `svn`, `fossil`, `bzr`. */
  readonly system: string;

  constructor(root: string, system: string, subject?: FailureSubject) {
    const message = `${root} is kept with ${system}, and this proxy fetches with git alone`;
    super("unsupported", message, { subject });
    this.root = root;
    this.system = system;
  }
}
