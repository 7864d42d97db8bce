// The modules of the hermetic builds, and the program that uses all of them.

/** Capital letters in the path: `!` in URLs. */
const shouting = [
  `
module github.com/ACME/Shouting@v1.0.0
-- go.mod --
module github.com/ACME/Shouting

go 1.18
-- shouting.go --
package shouting

const Text = "SHOUTING v1.0.0"
-- LICENSE --
Free to use.
`,
];

/** Version 2 without a go.mod: \`+incompatible\`. */
const old = [
  `
module example.com/old@v1.0.0
-- old.go --
package old

const Text = "old v1.0.0"
`,
  `
module example.com/old@v2.1.0+incompatible
-- old.go --
package old

const Text = "old v2.1.0+incompatible"
`,
];

/** A module whose only version is a commit. */
export const untaggedVersion = "v0.0.0-20200102030405-0123456789ab";
const untagged = [
  `
module example.com/untagged@${untaggedVersion}
-- .info --
{"Version":"${untaggedVersion}","Time":"2020-01-02T03:04:05Z"}
-- go.mod --
module example.com/untagged

go 1.18
-- untagged.go --
package untagged

const Text = "untagged 0123456789ab"
`,
];

/** v1.2.0 takes itself and v1.1.0 back, so \`latest\` is v1.0.0. */
const retracted = [
  ["v1.0.0", ""],
  ["v1.1.0", ""],
  ["v1.2.0", "\nretract [v1.1.0, v1.2.0] // They eat their own tail.\n"],
].map(
  ([version, directive]) => `
module example.com/retracted@${version}
-- go.mod --
module example.com/retracted

go 1.18
${directive}
-- retracted.go --
package retracted

const Text = "retracted ${version}"
`,
);

/** A second major version in its own module. */
const major = [
  `
module example.com/major@v1.4.0
-- go.mod --
module example.com/major

go 1.18
-- major.go --
package major

const Text = "major v1.4.0"
`,
  `
module example.com/major/v2@v2.0.1
-- go.mod --
module example.com/major/v2

go 1.18

require example.com/major v1.4.0
-- major.go --
package major

import before "example.com/major"

const Text = "major v2.0.1 after " + before.Text
`,
];

/** A module inside another one's folder. */
const nest = [
  `
module example.com/nest@v1.0.0
-- go.mod --
module example.com/nest

go 1.18
-- nest.go --
package nest

const Text = "nest v1.0.0"
-- own/own.go --
package own

const Text = "own package of nest"
`,
  `
module example.com/nest/inner@v0.3.0-rc.1
-- go.mod --
module example.com/nest/inner

go 1.18

require example.com/nest v1.0.0
-- inner.go --
package inner

import "example.com/nest"

const Text = "inner v0.3.0-rc.1 in " + nest.Text
`,
];

/** Every module of the hermetic upstream, as text archives. */
export const hermeticModules: readonly string[] = [
  ...shouting,
  ...old,
  ...untagged,
  ...retracted,
  ...major,
  ...nest,
];

/** What \`go get\` is asked for, in the ways in which people ask. */
export const wantedModules = [
  "github.com/ACME/Shouting@latest",
  "example.com/old@v2.1.0+incompatible",
  "example.com/untagged@main",
  "example.com/retracted",
  "example.com/major/v2@v2",
  "example.com/nest/inner@v0.3.0-rc.1",
] as const;

/** The files of the program, by their names. */
export const program: Readonly<Record<string, string>> = {
  "go.mod": "module example.com/program\n\ngo 1.18\n",
  "main.go": `package main

import (
	"fmt"

	major "example.com/major/v2"
	"example.com/nest/inner"
	"example.com/nest/own"
	"example.com/old"
	"example.com/retracted"
	"example.com/untagged"
	shouting "github.com/ACME/Shouting"
)

func main() {
	for _, text := range []string{
		shouting.Text, old.Text, untagged.Text, retracted.Text, major.Text, inner.Text, own.Text,
	} {
		fmt.Println(text)
	}
}
`,
};

/** What the program prints when it was built from the right versions. */
export const programOutput = `SHOUTING v1.0.0
old v2.1.0+incompatible
untagged 0123456789ab
retracted v1.0.0
major v2.0.1 after major v1.4.0
inner v0.3.0-rc.1 in nest v1.0.0
own package of nest
`;
