// Gomod-oracle answers questions about Go modules with golang.org/x/mod, so that tests can compare another
// implementation with it.
//
// It reads one question per line, {"op":"CheckPath","args":["example.com/x"]}, and writes one answer per line:
// {"value":…} or {"error":"…"}.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// An op answers a question. It panics with a badQuestion if the arguments are not what it takes.
type op func(args []json.RawMessage) (value any, err error)

// ops holds every op by its name. Files of this program add theirs in init functions.
var ops = map[string]op{}

type question struct {
	Op   string            `json:"op"`
	Args []json.RawMessage `json:"args"`
}

type answer struct {
	Value any    `json:"value"`
	Error string `json:"error,omitempty"`
}

// A badQuestion is a fault of the asking test, not an answer.
type badQuestion struct{ reason string }

func main() {
	if err := answerAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gomod-oracle:", err)
		os.Exit(1)
	}
}

func answerAll(in io.Reader, out io.Writer) error {
	questions := bufio.NewReaderSize(in, 1<<20)
	buffered := bufio.NewWriterSize(out, 1<<20)
	answers := json.NewEncoder(buffered)
	for {
		line, err := questions.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			if err := answerLine(line, answers); err != nil {
				return err
			}
		}
		// Whoever waits for an answer before asking on must get it; others get many at once.
		if err == io.EOF || questions.Buffered() == 0 {
			if err := buffered.Flush(); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func answerLine(line []byte, answers *json.Encoder) error {
	var q question
	if err := json.Unmarshal(line, &q); err != nil {
		return fmt.Errorf("question %s: %w", line, err)
	}
	a, err := q.answer()
	if err != nil {
		return err
	}
	return answers.Encode(a)
}

func (q question) answer() (a answer, err error) {
	defer func() {
		switch failure := recover().(type) {
		case nil:
		case badQuestion:
			err = fmt.Errorf("%s: %s", q.Op, failure.reason)
		default:
			// A panic of the library itself is its way to refuse an argument.
			a = answer{Error: fmt.Sprint("panic: ", failure)}
		}
	}()
	do, ok := ops[q.Op]
	if !ok {
		return answer{}, fmt.Errorf("there is no op %q", q.Op)
	}
	value, failure := do(q.Args)
	if failure != nil {
		return answer{Error: "error: " + failure.Error()}, nil
	}
	return answer{Value: value}, nil
}

// arg reads argument number i into a T.
func arg[T any](args []json.RawMessage, i int) T {
	var value T
	if i >= len(args) {
		panic(badQuestion{fmt.Sprintf("argument %d is missing", i)})
	}
	if err := json.Unmarshal(args[i], &value); err != nil {
		panic(badQuestion{fmt.Sprintf("argument %d: %v", i, err)})
	}
	return value
}
