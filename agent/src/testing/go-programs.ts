// Real Go programs for tests, built by the real go command.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";

/** Why programs cannot be built here, or undefined. */
export const noGo: string | undefined =
  spawnSync("go", ["version"]).status === 0 ? undefined : "there is no go command";

/** The module that services are shown how to drain by. */
export const exampleFolder = resolve(import.meta.dirname, "../../../docs/examples/drain-go");

/** Builds the example that takes its socket from `LISTEN_FDS` and drains politely. Returns the path of the program. */
export function buildPolite(folder: string, version: string): string {
  return build(exampleFolder, "./hello", join(folder, `polite-${version}`), version);
}

/** Builds a program that knows nothing but `$PORT`. */
export function buildPlain(folder: string, version: string): string {
  return build(
    writeModule(folder, "plain", plainSource),
    ".",
    join(folder, `plain-${version}`),
    version,
  );
}

/**
 * Builds a program with what stands in for goagain: it takes its socket as that does, closes the descriptor twice as that
 * does, and crashes on SIGUSR2 as that does.
 */
export function buildGoagain(folder: string, version: string): string {
  return buildWithLibrary(folder, version, {
    name: "goagain",
    path: "github.com/rcrowley/goagain",
    library: goagainLibrary,
    main: goagainMain,
  });
}

/** Builds a program with what stands in for facebookgo/grace: given sockets, it ends its parent unless that is process 1. */
export function buildGrace(folder: string, version: string): string {
  return buildWithLibrary(folder, version, {
    name: "grace",
    path: "github.com/facebookgo/grace",
    library: graceLibrary,
    main: graceMain,
  });
}

/** Builds a program that says "ready" with sd_notify(3) if it is asked to, and drains politely. */
export function buildNotifying(folder: string, version: string): string {
  return build(
    writeModule(folder, "notifying", notifyingSource),
    ".",
    join(folder, `notifying-${version}`),
    version,
  );
}

/** Builds a plain program that becomes another one, in the same process, when it is asked for `/turn`. */
export function buildTurning(folder: string, version: string): string {
  return build(
    writeModule(folder, "turning", turningSource),
    ".",
    join(folder, `turning-${version}`),
    version,
  );
}

/** Builds a program that ends as soon as it starts, with a last word. */
export function buildCrashing(folder: string, version: string): string {
  return build(
    writeModule(folder, "crashing", crashingSource),
    ".",
    join(folder, `crashing-${version}`),
    version,
  );
}

/** Builds a package of a module. `more` is for the linker. */
export function build(
  directory: string,
  what: string,
  output: string,
  version: string,
  more = "",
): string {
  const { status, stderr } = spawnSync(
    "go",
    [
      "build",
      "-trimpath",
      "-buildvcs=false",
      "-ldflags",
      `-s -w -X main.version=${version} ${more}`,
      "-o",
      output,
      what,
    ],
    { cwd: directory, encoding: "utf8", env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" } },
  );
  if (status !== 0) throw new Error(`go build failed: ${stderr}`);
  return output;
}

/** The real libraries are not to be had from the public proxy; these have their module paths and do what they do. */
function buildWithLibrary(
  folder: string,
  version: string,
  { name, path, library, main }: Readonly<Record<"name" | "path" | "library" | "main", string>>,
): string {
  const directory = writeModule(folder, name, main);
  mkdirSync(join(directory, "library"), { recursive: true });
  writeFileSync(join(directory, "library", "go.mod"), `module ${path}\n\ngo 1.21\n`);
  writeFileSync(join(directory, "library", "library.go"), library);
  writeFileSync(
    join(directory, "go.mod"),
    `module example.com/${name}\n\ngo 1.21\n\nrequire ${path} v0.0.0\n\nreplace ${path} => ./library\n`,
  );
  return build(directory, ".", join(folder, `${name}-${version}`), version);
}

/** Writes a module of one file, and returns its folder. */
export function writeModule(folder: string, name: string, source: string): string {
  const directory = join(folder, `${name}-source`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "go.mod"), `module example.com/${name}\n\ngo 1.21\n`);
  writeFileSync(join(directory, "main.go"), source);
  return directory;
}

const plainSource = `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

var version string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s, process %d\\n", version, os.Getpid())
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`;

const turningSource = `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"syscall"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "process %d\\n", os.Getpid())
	})
	http.HandleFunc("/turn", func(w http.ResponseWriter, r *http.Request) {
		program, err := os.ReadFile("/proc/self/exe")
		if err != nil {
			log.Fatal(err)
		}
		// The folder of a release lies four below that of its machine.
		other := "../../../../other"
		if err := os.WriteFile(other, append(program, "other"...), 0o755); err != nil {
			log.Fatal(err)
		}
		log.Fatal(syscall.Exec(other, os.Args, os.Environ()))
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`;

const goagainLibrary = `package goagain

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func Listener() (net.Listener, error) {
	var fd uintptr
	if _, err := fmt.Sscan(os.Getenv("GOAGAIN_FD"), &fd); err != nil {
		return nil, err
	}
	listener, err := net.FileListener(os.NewFile(fd, os.Getenv("GOAGAIN_NAME")))
	if err != nil {
		return nil, err
	}
	// And once more when the garbage collector finds the file.
	return listener, syscall.Close(int(fd))
}

func Kill() error {
	pid, sig := 0, syscall.SIGQUIT
	if _, err := fmt.Sscan(os.Getenv("GOAGAIN_PPID"), &pid); err != nil {
		return err
	}
	fmt.Sscan(os.Getenv("GOAGAIN_SIGNAL"), &sig)
	return syscall.Kill(pid, sig)
}

func Wait() os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR2)
	received := <-signals
	if received == syscall.SIGUSR2 {
		panic("reflect: no such field, since Go 1.9")
	}
	return received
}
`;

const drainSource = `
// end closes the socket and waits for the connections that were accepted: http.Server.Shutdown would drop requests that it
// reads meanwhile.
func end(listener net.Listener, served <-chan error, open *atomic.Int64) {
	listener.Close()
	<-served
	for open.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
}

func counted(open *atomic.Int64) *http.Server {
	return &http.Server{ConnState: func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}}
}
`;

const goagainMain = `package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/rcrowley/goagain"
)

var version string

func main() {
	var answers atomic.Int64
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if answers.Add(1)%10 == 0 {
			runtime.GC()
		}
		fmt.Fprintf(w, "hello from %s, process %d\\n", version, os.Getpid())
	})
	listener, err := goagain.Listener()
	inherited := err == nil
	if !inherited {
		if listener, err = net.Listen("tcp", ":"+os.Getenv("PORT")); err != nil {
			log.Fatal(err)
		}
	}
	var open atomic.Int64
	served := make(chan error, 1)
	go func() { served <- counted(&open).Serve(listener) }()
	if inherited {
		if err := goagain.Kill(); err != nil {
			log.Fatal(err)
		}
	}
	log.Printf("%s ends by %s", version, goagain.Wait())
	end(listener, served, &open)
}
${drainSource}`;

const graceLibrary = `package grace

import (
	"net"
	"os"
	"strings"
	"syscall"
)

// Listen takes the inherited socket if it is the very one, as gracenet does, and then ends its parent, as gracehttp does.
func Listen(address string) (net.Listener, error) {
	if os.Getenv("LISTEN_FDS") == "" {
		return net.Listen("tcp", address)
	}
	inherited, err := net.FileListener(os.NewFile(3, ""))
	if err != nil {
		return nil, err
	}
	if strings.TrimPrefix(strings.TrimPrefix(inherited.Addr().String(), "[::]"), "0.0.0.0") != address {
		return net.Listen("tcp", address)
	}
	if parent := os.Getppid(); parent != 1 {
		if err := syscall.Kill(parent, syscall.SIGTERM); err != nil {
			return nil, err
		}
	}
	return inherited, nil
}
`;

const graceMain = `package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/facebookgo/grace"
)

var version string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s, process %d of %d\\n", version, os.Getpid(), os.Getppid())
	})
	listener, err := grace.Listen(":" + os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	var open atomic.Int64
	served := make(chan error, 1)
	go func() { served <- counted(&open).Serve(listener) }()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	<-signals
	end(listener, served, &open)
}
${drainSource}`;

const notifyingSource = plainSource.replace('"net/http"', '"net"\n\t"net/http"').replace(
  "	log.Fatal(http",
  `	if path := os.Getenv("NOTIFY_SOCKET"); path != "" {
		socket, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			log.Fatal(err)
		}
		socket.Write([]byte("READY=1"))
	}
	log.Fatal(http`,
);

const crashingSource = `package main

import (
	"log"
	"os"
)

var version string

func main() {
	log.Printf("%s cannot find its database", version)
	os.Exit(3)
}
`;
