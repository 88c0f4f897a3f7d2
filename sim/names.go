package main

import (
	"regexp"
	"strings"
)

// vCenter stores `%`, `/` and `\` escaped. A `%` that begins such an escape is taken as one.
var escapes = regexp.MustCompile(`(?i)%(25|2f|5c)`)

var unescaped = map[string]string{"%25": "%", "%2f": "/", "%5c": `\`}

// plainName is a name without its escapes: what the simulator, which escapes every `%`, must be given.
func plainName(name string) string {
	return escapes.ReplaceAllStringFunc(name, func(found string) string { return unescaped[strings.ToLower(found)] })
}

// storedName is a name as vCenter stores it.
func storedName(name string) string {
	return strings.NewReplacer("%", "%25", "/", "%2f", `\`, "%5c").Replace(plainName(name))
}
