//go:build !linux

package analyse

func hooks() {}
