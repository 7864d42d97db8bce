// Texts by name, as tags and settings are.
import { z } from "zod";

export const texts = z.record(z.string(), z.string());
