module stoa.example/drain-go

go 1.21
