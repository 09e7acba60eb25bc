#pragma once
#include <stdio.h>
#include <jv.h>
#include <jq.h>
