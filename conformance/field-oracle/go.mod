module field-oracle

go 1.24
