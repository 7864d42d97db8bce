// The repository of a module as its upstream: no proxy in between, and no go command.
import {
  formatVersionInfo,
  InvalidText,
  type ModulePath,
  type ModuleVersion,
  type Version,
} from "@stoa/gomod";
import { writeModuleZip } from "@stoa/gomod/zip";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import { latestVersion } from "../../domain/repository/latest-version.ts";
import { moduleLayout } from "../../domain/repository/module-layout.ts";
import type { ModuleSource } from "../../domain/repository/module-source.ts";
import type { RepositoryPlace } from "../../domain/repository/repository-place.ts";
import { findRevision } from "../../domain/repository/revision.ts";
import { type ResolvedVersion, versionOfRevision } from "../../domain/repository/revision-version.ts";
import { taggedVersions } from "../../domain/repository/tagged-versions.ts";
import { parseVcsRules } from "../../domain/repository/vcs-rules.ts";
import { keptInfo } from "../../domain/repository/version-origin.ts";
import type { InfoDocument, Upstream, ZipDelivery } from "../../domain/upstream.ts";
import { Git, type GitDeadlines } from "./git-process.ts";
import type { HostLogin } from "./host-logins.ts";
import { DamagedMirror, type Mirror } from "./mirror.ts";
import { MirrorFolder, type MirrorUse } from "./mirror-folder.ts";
import { MirrorView } from "./mirror-view.ts";
import { type ModuleContent, readModuleContent } from "./module-content.ts";
import { PageFetch, type Reach } from "./page-fetch.ts";
import { type AddressLookup, systemLookup } from "./private-addresses.ts";
import { RepositoryFinder } from "./repository-finder.ts";
import { type WorkLimits, WorkPlaces } from "./work-places.ts";
