// The fields under a pod, with the minor version of Kubernetes that brought each, read from the API's own types.
//
// For each version it downloads the module k8s.io/api and reads its syntax; nothing of it is compiled. A line has the
// type, the key in JSON, the version, and the type of the value where that has fields of its own.
//
//	go run . > ../golden/fields.txt
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
)

// first is the last version with PodSecurityPolicy: what it has was there when policies were written.
const (
	first  = 24
	newest = 37
)

// field is a member of a struct: its key, and the name of its type if that is a struct of the same package.
type field struct {
	key   string
	of    string
	since int
}

func main() {
	log.SetFlags(0)
	known := map[string][]field{}
	for minor := first; minor <= newest; minor++ {
		structs, err := structsOf(minor)
		if err != nil {
			log.Fatal(err)
		}
		add(known, structs, minor)
	}
	fmt.Printf("# Fields under a pod in Kubernetes 1.%d, by `go run .` in conformance/field-oracle; 1.%d stands for all before it.\n", newest, first)
	types := make([]string, 0, len(known))
	for name := range known {
		types = append(types, name)
	}
	sort.Strings(types)
	for _, name := range types {
		for _, field := range known[name] {
			fmt.Println(strings.TrimSpace(fmt.Sprintf("%s %s 1.%d %s", name, field.key, field.since, field.of)))
		}
	}
}

// add keeps the fields of the types that a pod reaches. A field that a version lacks and an earlier one had keeps its first version.
func add(known map[string][]field, structs map[string][]field, minor int) {
	reached := map[string]bool{}
	pending := []string{"PodSpec", "PodSecurityContext", "EphemeralContainer"}
	for len(pending) > 0 {
		name := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if reached[name] {
			continue
		}
		reached[name] = true
		for _, found := range structs[name] {
			if !has(known[name], found.key) {
				known[name] = append(known[name], field{found.key, found.of, minor})
			}
			if found.of != "" {
				pending = append(pending, found.of)
			}
		}
	}
}

func has(fields []field, key string) bool {
	for _, field := range fields {
		if field.key == key {
			return true
		}
	}
	return false
}

// structsOf returns the structs of the package core/v1 of one version, with embedded ones laid open.
func structsOf(minor int) (map[string][]field, error) {
	output, err := exec.Command("go", "mod", "download", "-json", fmt.Sprintf("k8s.io/api@v0.%d.0", minor)).Output()
	if err != nil {
		return nil, err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(output, &module); err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(module.Dir, "core", "v1", "types.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	declared := map[string]*ast.StructType{}
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.TypeSpec); ok {
			if body, ok := spec.Type.(*ast.StructType); ok {
				declared[spec.Name.Name] = body
			}
		}
		return true
	})
	structs := map[string][]field{}
	for name := range declared {
		structs[name] = fieldsOf(name, declared)
	}
	if len(structs["PodSpec"]) == 0 {
		fmt.Fprintln(os.Stderr, "no PodSpec in", module.Dir)
	}
	return structs, nil
}

func fieldsOf(name string, declared map[string]*ast.StructType) []field {
	var fields []field
	for _, member := range declared[name].Fields.List {
		of := elementOf(member.Type)
		if declared[of] == nil {
			of = ""
		}
		key := ""
		if member.Tag != nil {
			tag := reflect.StructTag(strings.Trim(member.Tag.Value, "`"))
			key, _, _ = strings.Cut(tag.Get("json"), ",")
		}
		switch {
		case key == "" && of != "":
			fields = append(fields, fieldsOf(of, declared)...)
		case key != "":
			fields = append(fields, field{key: key, of: of})
		}
	}
	return fields
}

// elementOf returns the name of the type behind pointers, lists and maps.
func elementOf(expression ast.Expr) string {
	switch kind := expression.(type) {
	case *ast.StarExpr:
		return elementOf(kind.X)
	case *ast.ArrayType:
		return elementOf(kind.Elt)
	case *ast.MapType:
		return elementOf(kind.Value)
	case *ast.Ident:
		return kind.Name
	}
	return ""
}
