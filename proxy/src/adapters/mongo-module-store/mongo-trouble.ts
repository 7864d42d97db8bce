// What MongoDB and the way to it complain about, in the words of the proxy.
import { MongoError, MongoServerError } from "mongodb";
import { distrustOf } from "../../domain/engine-reason.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { StorageTrouble, type StorageTroubleKind } from "../../domain/storage-trouble.ts";

/** Authority for the codes: src/mongo/base/error_codes.yml of MongoDB. */
const duplicateKey = 11000;
const denials: ReadonlySet<unknown> = new Set([13, 18, 8000]);

/** Runs work at the server; what that or the driver complains about becomes `store_unavailable`. */
export async function atMongo<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    if (!(failure instanceof MongoError)) throw failure;
    throw new ProxyFailure("store_unavailable", `the storage failed: MongoDB: ${said(failure)}`, {
      cause: failure,
    });
  }
}

/** Whether a document of this `_id` or of these unique values was there. */
export function isDuplicate(failure: unknown): boolean {
  return failure instanceof MongoServerError && failure.code === duplicateKey;
}

/** What a failure says about a storage that was to be opened; what is not MongoDB's stays what it is. */
export function mongoStorageTrouble(failure: unknown): unknown {
  if (!isMongoFailure(failure)) return failure;
  return new StorageTrouble(troubleOf(failure), `MongoDB: ${said(failure)}`, { cause: failure });
}

/** Connection strings are read by a package of its own, which has errors of its own. */
function isMongoFailure(failure: unknown): failure is Error {
  return failure instanceof MongoError || (failure instanceof Error && /^Mongo/.test(failure.name));
}

function troubleOf(failure: Error): StorageTroubleKind {
  if (
    (failure instanceof MongoError && denials.has(failure.code)) ||
    /Authentication|MissingCredentials/.test(failure.name)
  )
    return "denied";
  if (/Parse|InvalidArgument|MissingDependency/.test(failure.name)) return "unfit";
  return failure instanceof MongoServerError ? "unfit" : "unreachable";
}

function said(failure: Error): string {
  const { message } = failure;
  const advice = "name the file of its authority in Storage.Mongo.CertPath";
  return (
    distrustOf(failure, advice) ??
    (message.split("\n")[0] ?? "").replaceAll(/\/\/[^@/\s]*@/g, "//…@")
  );
}
