// Copyright (C) Hansa developers
