# Fits the NIST sets with R's lm and writes what it finds to standard output: tool,set,quantity,value.
# usage: Rscript peers.R FOLDER; scripts/accuracy runs it.
#
# The powers are built by repeated multiplication, as everywhere in this comparison. lm's tolerance is lowered so that it
# keeps the last column of Filip, which it drops with its default of 1e-7.
folder <- commandArgs(trailingOnly = TRUE)[1]
sets <- read.csv(file.path(folder, "sets.csv"))
tool <- paste("R", getRversion(), "lm")

for (i in seq_len(nrow(sets))) {
  set <- sets$set[i]
  data <- read.csv(file.path(folder, paste0(tolower(set), ".csv")))
  x <- as.matrix(data[-1])
  storage.mode(x) <- "double"  # powers of integers would overflow
  if (ncol(x) == 1) for (j in seq_len(sets$degree[i] - 1)) x <- cbind(x, x[, j] * x[, 1])
  fit <- if (sets$intercept[i] == "yes") lm(data$y ~ x, tol = 1e-12) else lm(data$y ~ x - 1, tol = 1e-12)
  summary <- suppressWarnings(summary(fit))  # it warns of perfect fits, which Wampler1 and Wampler2 are
  if (sets$intercept[i] == "no") names <- seq_along(coef(fit)) else names <- seq_along(coef(fit)) - 1
  found <- c(setNames(coef(fit), paste0("b", names)), setNames(summary$coefficients[, 2], paste0("se", names)),
             sigma = summary$sigma, r2 = summary$r.squared)
  cat(sprintf("%s,%s,%s,%.17g\n", tool, set, names(found), found), sep = "")
}
