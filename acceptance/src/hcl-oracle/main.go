// Reads download files, one JSON string per line, as Athens would, and tells what hashicorp/hcl finds in each.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"

	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
)

type file struct {
	Mode   string   `hcl:"mode" json:"mode"`
	URL    string   `hcl:"downloadURL" json:"url"`
	Blocks []*block `hcl:"download,block" json:"blocks"`
}

type block struct {
	Pattern string `hcl:"pattern,label" json:"pattern"`
	Mode    string `hcl:"mode" json:"mode"`
	URL     string `hcl:"downloadURL,optional" json:"url"`
}

type place struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Says   string `json:"says"`
}

type answer struct {
	Value  *file   `json:"value,omitempty"`
	Errors []place `json:"errors,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var text string
		if err := json.Unmarshal(in.Bytes(), &text); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(read(text)); err != nil {
			log.Fatal(err)
		}
	}
}

func read(text string) answer {
	parsed, problems := hclparse.NewParser().ParseHCL([]byte(text), "d.hcl")
	var found file
	if !problems.HasErrors() {
		problems = append(problems, gohcl.DecodeBody(parsed.Body, nil, &found)...)
	}
	if !problems.HasErrors() {
		return answer{Value: &found}
	}
	var errors []place
	for _, problem := range problems {
		at := place{Says: problem.Summary}
		if problem.Subject != nil {
			at.Line, at.Column = problem.Subject.Start.Line, problem.Subject.Start.Column
		}
		errors = append(errors, at)
	}
	return answer{Errors: errors}
}
