module stoa.invalid/go-hash

go 1.21
